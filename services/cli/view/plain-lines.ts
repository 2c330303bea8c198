// The live view without a terminal: one line a second for grep, or one JSON object a second for programs.
import { harmless } from '../../../shared/terminal/harmless.ts';
import { formatRate } from './numbers.ts';
import type { RowTable, Snapshot } from './snapshot.ts';

/** `name=value` pairs, no spaces inside, always all of them; `-` is not known. */
export function statusLine({ elapsedMs, rates, latency, lag, services }: Snapshot): string {
  const known = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? '-' : format(value);
  const rate = (perSecond: number): string => `${formatRate(perSecond).replaceAll(',', '')}/s`;
  const milliseconds = (value: number): string => `${value.toFixed(1)}ms`;
  const pairs: readonly (readonly [string, string])[] = [
    ['up', `${Math.floor(elapsedMs / 1_000)}s`],
    ['in', known(rates?.inPerSecond, rate)],
    ['scored', known(rates?.scoredPerSecond, rate)],
    ['written', known(rates?.writtenPerSecond, rate)],
    ['p50', known(latency?.p50Ms, milliseconds)],
    ['p99', known(latency?.p99Ms, milliseconds)],
    ['waiting', known(lag?.rows, String)],
    ['slot_bytes', known(lag?.slotBytes, String)],
    ...services.map(({ name, state }) => [word(name), word(state)] as const),
  ];
  return pairs.map(([name, value]) => `${name}=${value}`).join(' ');
}

const word = (text: string): string => harmless(text).replaceAll(' ', '_');

export function statusJson(snapshot: Snapshot): unknown {
  const { rates, latency, lag } = snapshot;
  return {
    event: 'status',
    elapsed_ms: Math.round(snapshot.elapsedMs),
    parts: snapshot.parts,
    services: snapshot.services.map(({ name, state, detail, port, restarts }) => ({
      name,
      state: state.replaceAll(' ', '_'),
      detail: detail ?? null,
      port: port ?? null,
      restarts,
    })),
    rows_in_per_second: rates === undefined ? null : round(rates.inPerSecond),
    rows_scored_per_second: rates === undefined ? null : round(rates.scoredPerSecond),
    rows_written_per_second: rates === undefined ? null : round(rates.writtenPerSecond),
    commit_to_written_ms:
      latency === undefined
        ? null
        : { p50: round(latency.p50Ms), p99: round(latency.p99Ms), window_ms: latency.windowMs },
    lag: { slot_bytes: lag?.slotBytes ?? null, rows: lag?.rows ?? null },
    flagged: records(snapshot.flagged),
    reviews: snapshot.reviews === undefined ? [] : records(snapshot.reviews),
    notice: snapshot.notice ?? null,
  };
}

function records({ columns, rows }: RowTable): unknown {
  return rows.map((row) => Object.fromEntries(columns.map(({ head }, index) => [head, row[index] ?? null])));
}

const round = (value: number): number => Number(value.toFixed(2));
