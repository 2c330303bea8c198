import type { Medians, Sample } from '../bench.ts';

const ASKED = { p50Ms: 60, p99Ms: 200, rowsPerSecond: 4_000, wishedRowsPerSecond: 8_000 };

export function observe({ steady, drain, sustained, ...others }: Medians): string {
  const said = [
    steady === undefined ? [] : [wayOf(steady)],
    drain === undefined ? [] : [`a backlog is drained at ${count(drain.rows_per_second)} rows a second`],
    sustained === undefined
      ? []
      : [
          `${count(sustained.rows_per_second)} rows a second are followed (asked: ${ASKED.rowsPerSecond}, wished: ${ASKED.wishedRowsPerSecond})`,
        ],
    hotOf(others),
  ].flat();
  return `${said.join('; ')}.`;
}

function wayOf(steady: Sample): string {
  const hop = (name: string): string =>
    `${ms(steady[`${name}_p50_ms`])} (${percent(steady[`${name}_share`])})`;
  return (
    `from commit to written p50 ${ms(steady.commit_to_written_p50_ms)} (asked: ${ASKED.p50Ms}), p99 ` +
    `${ms(steady.commit_to_written_p99_ms)} (asked: ${ASKED.p99Ms}): published in ${hop('commit_to_published')}, enriched in ` +
    `${hop('published_to_enriched')}, the model itself ${percent(steady.model_share)}, written in ${hop('enriched_to_written')}`
  );
}

function hotOf({
  hot_without: without,
  hot_afterglow: ours,
  hot_trigger: trigger,
}: Medians): readonly string[] {
  if (without === undefined || ours === undefined || trigger === undefined) return [];
  const each = (name: string): string =>
    [without, ours, trigger].map((sample) => shown(sample[name])).join(', ');
  return [
    `without anything, with Afterglow, with a trigger: commits of the hot table p50 ${each('commit_p50_ms')} ms, p99 ${each('commit_p99_ms')} ms, ` +
      `database CPU per commit ${each('database_cpu_per_commit_us')} us; scores there after p50 ${ms(ours.commit_to_written_p50_ms)} with ` +
      `Afterglow and ${ms(trigger.commit_to_written_p50_ms)} with the trigger`,
  ];
}

/** In terms of the table with nothing beside it; and ours in terms of the trigger. */
export function ratios({ hot_without: without, hot_afterglow: ours, hot_trigger: trigger }: Medians): Sample {
  if (without === undefined || ours === undefined || trigger === undefined) return {};
  const ratio = (name: string, one: Sample, other: Sample): number =>
    (one[name] ?? Number.NaN) / (other[name] ?? Number.NaN);
  return {
    commit_p50_with_afterglow: ratio('commit_p50_ms', ours, without),
    commit_p50_with_trigger: ratio('commit_p50_ms', trigger, without),
    commit_p99_with_afterglow: ratio('commit_p99_ms', ours, without),
    commit_p99_with_trigger: ratio('commit_p99_ms', trigger, without),
    database_cpu_of_trigger: ratio('database_cpu_per_commit_us', ours, trigger),
    latency_of_trigger: ratio('commit_to_written_p50_ms', ours, trigger),
  };
}

const shown = (value: number | undefined): string =>
  (value ?? Number.NaN).toLocaleString('en-US', { maximumSignificantDigits: 3 });
const ms = (value: number | undefined): string => `${shown(value)} ms`;
const percent = (share: number | undefined): string => `${Math.round((share ?? Number.NaN) * 100)} %`;
const count = (value: number | undefined): string => Math.round(value ?? Number.NaN).toLocaleString('en-US');
