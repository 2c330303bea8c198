// Histories of rows as they may stand on a topic: with crashes, replays and what the cleaner left.
import fc from 'fast-check';
import type { EnrichedRecord } from './change.ts';
import { recordOf, type Said, tombstoneOf } from './records.test-support.ts';

const KEYS = ['a', 'b'];
const STATUSES = [
  'scored',
  'scored',
  'scored',
  'skipped',
  'failed',
  'over_budget',
  'deleted',
  'truncated',
] as const;

/** One transaction after the other, as the enricher answers them. */
const history = fc
  .array(fc.record({ key: fc.constantFrom(...KEYS), status: fc.constantFrom(...STATUSES) }), {
    maxLength: 25,
  })
  .map((said) => said.map((each, index): Said => ({ ...each, at: index + 1 })));

/** After how many records a process dies, and how many outcomes its successor repeats. */
const crashes = fc.array(fc.record({ after: fc.nat(40), back: fc.nat(10), isTorn: fc.boolean() }), {
  maxLength: 5,
});

/** Which outcomes a process publishes that was frozen with them, and wakes last of all. */
const frozen = fc.array(fc.nat(24), { maxLength: 4 });

interface Logged {
  readonly key: string;
  readonly make: () => EnrichedRecord;
}

function published(
  said: readonly Said[],
  dying: readonly { after: number; back: number; isTorn: boolean }[],
) {
  const log: Logged[] = [];
  const left = [...dying];
  for (let next = 0; next < said.length; ) {
    const each = said[next];
    if (each === undefined) break;
    const key = each.status === 'truncated' ? '' : each.key;
    log.push({ key, make: () => recordOf(each) });
    const [crash] = left;
    const dies = crash !== undefined && log.length >= crash.after;
    const isTorn = dies && crash.isTorn;
    if (each.status === 'deleted' && !isTorn) log.push({ key, make: () => tombstoneOf(key) });
    next += 1;
    if (!dies) continue;
    left.shift();
    next = Math.max(0, next - crash.back - (isTorn ? 1 : 0));
  }
  return log;
}

/** Of keys that were there when the table was emptied, and not again: where any other has an older outcome last, the row is redone. */
function woken(said: readonly Said[], places: readonly number[]): readonly Logged[] {
  const emptied = said.findLastIndex(({ status }) => status === 'truncated');
  const alive = new Set(said.slice(emptied + 1).map(({ key }) => key));
  return places.flatMap((place): readonly Logged[] => {
    const late = said[place];
    if (late === undefined || place >= emptied || late.status === 'truncated' || alive.has(late.key))
      return [];
    const { key, status } = late;
    const outcome = { key, make: () => recordOf(late) };
    return status === 'deleted' ? [outcome, { key, make: () => tombstoneOf(key) }] : [outcome];
  });
}

/** The cleaner keeps of each key the last record of what it has cleaned. */
function compacted(log: readonly Logged[], cleaned: number): readonly Logged[] {
  const last = new Map(log.slice(0, cleaned).map(({ key }, index) => [key, index]));
  return log.filter(({ key }, index) => index >= cleaned || last.get(key) === index);
}

export interface ReadLog {
  readonly said: readonly Said[];
  /** What a consumer reads of it. */
  readonly records: readonly EnrichedRecord[];
}

/** Read in part, then away for so long that the topic was compacted meanwhile, then the rest. */
export const readLogs: fc.Arbitrary<ReadLog> = fc
  .tuple(history, crashes, frozen, fc.nat(40), fc.nat(40))
  .map(([said, dying, late, readBefore, cleaned]) => {
    const log = [...published(said, dying), ...woken(said, late)];
    const after = Math.min(readBefore, log.length);
    const rest = compacted(log, Math.min(cleaned, log.length)).filter((each) => log.indexOf(each) >= after);
    return { said, records: [...log.slice(0, after), ...rest].map(({ make }) => make()) };
  });
