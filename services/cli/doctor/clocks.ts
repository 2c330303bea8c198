import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type Finding, findings } from './finding.ts';

export interface ClockFacts {
  /** How far the other clock is ahead of ours. Undefined: it could not be read. */
  readonly databaseAheadMs: number | undefined;
  readonly awsAheadMs: number | undefined;
}

/** Latencies are measured from one clock to another. */
const SKEW_WARNING_MS = 500;
/** AWS refuses a signature that is five minutes off; the Date header has whole seconds. */
const AWS_SKEW_WARNING_MS = 5_000;
const AWS_SKEW_REFUSED_MS = 240_000;
/** Below these the way of the question is longer than the difference. */
const DATABASE_RESOLUTION_MS = 100;
const AWS_RESOLUTION_MS = 1_000;
const ANSWER_MAX_MS = 3_000;

export async function readDatabaseAheadMs(client: Queryable): Promise<number> {
  const beforeMs = Date.now();
  const { rows } = await client.query<{ now_ms: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::int8 as now_ms',
  );
  return Number(rows[0]?.now_ms) - (beforeMs + Date.now()) / 2;
}

export async function readAwsAheadMs(endpoint: string): Promise<number | undefined> {
  try {
    const beforeMs = Date.now();
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
    await answer.body?.cancel();
    const date = Date.parse(answer.headers.get('date') ?? '');
    return Number.isNaN(date) ? undefined : date + 500 - (beforeMs + Date.now()) / 2; // the middle of its second
  } catch {
    return undefined;
  }
}

/** Pure. */
export function checkClocks({ databaseAheadMs, awsAheadMs }: ClockFacts): readonly Finding[] {
  const { ok, failed, warning } = findings('clocks');
  const sync = 'timedatectl set-ntp true  # on the machine whose clock is wrong';
  const found: Finding[] = [];
  if (databaseAheadMs !== undefined) {
    const told = `the database's clock is ${describe(databaseAheadMs, DATABASE_RESOLUTION_MS)} ours`;
    found.push(
      Math.abs(databaseAheadMs) > SKEW_WARNING_MS
        ? warning(`${capital(told)}: latencies are wrong by as much.`, sync)
        : ok(told),
    );
  }
  if (awsAheadMs !== undefined) {
    const told = `AWS's clock is ${describe(awsAheadMs, AWS_RESOLUTION_MS)} ours`;
    const skewMs = Math.abs(awsAheadMs);
    if (skewMs > AWS_SKEW_REFUSED_MS)
      found.push(failed(`${capital(told)}: it refuses our signatures.`, sync));
    else found.push(skewMs > AWS_SKEW_WARNING_MS ? warning(`${capital(told)}.`, sync) : ok(told));
  }
  return found;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function describe(aheadMs: number, resolutionMs: number): string {
  const skewMs = Math.abs(aheadMs);
  if (skewMs < resolutionMs) return 'equal to';
  const amount = skewMs < 1_000 ? `${Math.round(skewMs)} ms` : `${(skewMs / 1_000).toFixed(1)} s`;
  return `${amount} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
