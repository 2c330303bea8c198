// Logs of outcomes as a writer finds them, some of which no table takes, and what has to stand at their end.
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Outcome } from '../../shared/side-tables/parameters.ts';
import { outcomesOf, type Step, standing } from './outcome-histories.ts';
import { seededRandom } from './random-workload.ts';
import { failed, scored } from './side-tables.ts';

const OUTCOMES_MIN = 5;
const OUTCOMES_MAX = 24;
const KEYS = 4;
/** Above REFUSES. */
const REFUSED_SCORE = 9;
export const REFUSES = 'alter table afterglow.fraud add constraint refuses check (score < 5)';
export const REFUSED_CODE = '23514';
/** What no table of ours takes: as a value of its key, without one, and no outcome at all. */
const FOREIGN = [
  JSON.stringify(scored('x', 3, 0.5)),
  JSON.stringify({ ...scored('1', 3, 0.5), key: {} }),
  'junk',
];

interface Logged {
  readonly key: string;
  readonly value: string;
  /** undefined: foreign. */
  readonly event: AnyEnrichedEvent | undefined;
  readonly isRefused: boolean;
}

/** The partition of one history. */
export interface Log {
  readonly topic: string;
  readonly topicIds: ReadonlyMap<string, string>;
  readonly beganAtMs: number;
  readonly records: readonly Logged[];
}

/** What a history chooses: when its database fails, and so what it chooses next, is a matter of time, too. */
export interface Choices {
  upTo(limit: number): number;
  among<Item>(items: readonly [Item, ...Item[]]): Item;
}

export function choices(seed: number): Choices {
  const random = seededRandom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  return { upTo, among: (items) => items[upTo(items.length)] ?? items[0] };
}

export function createLog(topic: string, { upTo, among }: Choices): Log {
  const steps = Array.from(
    { length: OUTCOMES_MIN + upTo(OUTCOMES_MAX - OUTCOMES_MIN + 1) },
    (): Step => ({
      kind: among([
        'scored',
        'scored',
        'scored',
        'cached',
        'skipped',
        'failed',
        'deleted',
        'truncated',
        'redefined',
      ]),
      key: String(upTo(KEYS)),
      value: 1 + upTo(3),
    }),
  );
  const events = outcomesOf(steps, (id, at, value, cached) =>
    scored(id, at, upTo(8) === 0 ? REFUSED_SCORE : value / 10, { cached }),
  );
  // Not always in their order, as frozen processes leave them.
  const disorder = among([1, 6]);
  const records = events
    .map((event, index) => ({ event, place: index + upTo(disorder) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ event }) => logged(event));
  for (const value of FOREIGN) {
    if (upTo(4) === 0)
      records.splice(upTo(records.length), 0, { key: 'k', value, event: undefined, isRefused: true });
  }
  // Not every Kafka gives its topics ids: then all that comes again is compared.
  const topicIds = new Map(upTo(3) === 0 ? [] : [[topic, `id of ${topic}`]]);
  return { topic, topicIds, beganAtMs: Date.now() - records.length, records };
}

const logged = (event: AnyEnrichedEvent): Logged => ({
  key: JSON.stringify(event.key),
  value: JSON.stringify(event),
  event,
  isRefused: event.status === 'scored' && event.result.score === REFUSED_SCORE,
});

/** What stands at the end: instead of a result that is refused, its failure. */
export const standingOf = ({ records }: Log): readonly (readonly [string, Outcome])[] =>
  standing(
    records.flatMap(({ event, isRefused }) => {
      if (event === undefined) return [];
      const { key, source, revision } = event;
      return [isRefused ? { ...failed(String(key.id), 1), source, revision, dead_letter_id: '' } : event];
    }),
  );

export const isRefusal = (outcome: Outcome): boolean =>
  outcome.status === 'failed' && outcome.dead_letter_id === '';

/** Its records come in the order of the log, as often as it likes. */
export class Membership {
  current = true;

  take({ topic, beganAtMs, records }: Log, from: number, rows: number): readonly FetchedRecord[] {
    return records.slice(from, from + rows).map(({ key, value }, index) => ({
      topic,
      partition: 0,
      offset: BigInt(from + index),
      assignment: this,
      key: Buffer.from(key),
      value: Buffer.from(value),
      timestampMs: beganAtMs + from + index,
    }));
  }
}
