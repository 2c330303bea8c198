import type { Medians, Sample } from '../bench.ts';

const HOPS = ['commit_to_published', 'published_to_enriched', 'enriched_to_written', 'commit_to_written'];
const PERCENTILES = ['p50_ms', 'p90_ms', 'p99_ms', 'most_ms'];
const HOT = [
  'commit_p50_ms',
  'commit_p99_ms',
  'commit_to_written_p50_ms',
  'commit_to_written_p99_ms',
  'database_cpu_per_commit_us',
  'whole_cpu_per_commit_us',
];

/** The same medians as they are read best: hops, processes, and ways beside each other. */
export function tables({ steady, ...others }: Medians): readonly string[] {
  const hot = ['hot_without', 'hot_afterglow', 'hot_trigger'].filter((name) => others[name] !== undefined);
  return [
    ...(steady === undefined ? [] : [...hops(steady), '', ...processes(steady), '']),
    ...(hot.length === 0
      ? []
      : [
          ...table(
            ['', ...hot],
            rowsOf(HOT, hot, (metric, name) => others[name]?.[metric]),
          ),
          '',
        ]),
  ];
}

function hops(steady: Sample): readonly string[] {
  const columns = [...PERCENTILES, 'share'];
  return table(
    ['', ...columns],
    rowsOf(HOPS, columns, (hop, column) => steady[`${hop}_${column}`]),
  );
}

function processes(steady: Sample): readonly string[] {
  const names = Object.keys(steady).flatMap((metric) => /^(.+)_cpu_seconds$/.exec(metric)?.[1] ?? []);
  const columns = ['cpu_seconds', 'peak_memory_mb', 'rows_at_once'];
  return table(
    ['', ...columns],
    rowsOf(names, columns, (name, column) => steady[`${name}_${column}`]),
  );
}

function rowsOf(
  rows: readonly string[],
  columns: readonly string[],
  cell: (row: string, column: string) => number | undefined,
): readonly (readonly string[])[] {
  return rows.map((row) => [row, ...columns.map((column) => shown(cell(row, column)))]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((name, place) =>
    Math.max(...[head, ...rows].map((row) => row[place]?.length ?? 0), name.length),
  );
  return [head, ...rows].map((row) =>
    row
      .map((cell, place) =>
        place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart((widths[place] ?? 0) + 2),
      )
      .join('')
      .trimEnd(),
  );
}

const shown = (value: number | undefined): string =>
  value === undefined ? '' : value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
