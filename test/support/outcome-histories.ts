// Histories of outcomes, as enrichers would publish them, and what has to be beside the rows at their end: computed from the
// fence alone.
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { Outcome, Scored } from '../../shared/side-tables/parameters.ts';
import { deleted, failed, skipped, truncated } from './side-tables.ts';

export type StepKind = 'scored' | 'cached' | 'skipped' | 'failed' | 'deleted' | 'truncated' | 'redefined';

export interface Step {
  readonly kind: StepKind;
  readonly key: string;
  readonly value: number;
}

export type Scoring = (key: string, at: number, value: number, cached: boolean) => Scored;

/** One position after the other. */
export function outcomesOf(steps: readonly Step[], scoring: Scoring): readonly AnyEnrichedEvent[] {
  return steps.map(({ kind, key, value }, index) => {
    const at = index + 1;
    if (kind === 'truncated') return truncated(at);
    if (kind === 'skipped') return skipped(key, at);
    if (kind === 'failed') return failed(key, at);
    if (kind === 'deleted') return deleted(key, at);
    // An earlier change of the row, judged once more by a later definition: its position, a greater revision.
    if (kind === 'redefined') {
      const judged =
        steps.slice(0, index).findLastIndex((step) => step.key === key && step.kind !== 'truncated') + 1;
      return { ...scoring(key, judged === 0 ? at : judged, value, false), revision: at + 1 };
    }
    return scoring(key, at, value, kind === 'cached');
  });
}

/** By key, sorted: the outcome with the greatest fence, unless a truncate is at or above it. */
export function standing(events: readonly AnyEnrichedEvent[]): readonly (readonly [string, Outcome])[] {
  const emptiedAt = events
    .filter(({ status }) => status === 'truncated')
    .map(({ source }) => source.commit_lsn)
    .toSorted()
    .at(-1);
  const newest = new Map<string, Outcome>();
  for (const event of events) {
    if (event.status === 'truncated') continue;
    if (emptiedAt !== undefined && event.source.commit_lsn <= emptiedAt) continue;
    const key = String(event.key.id);
    const known = newest.get(key);
    if (known === undefined || fenceOf(event) > fenceOf(known)) newest.set(key, event);
  }
  return [...newest].toSorted(([a], [b]) => a.localeCompare(b));
}

const fenceOf = ({ source, revision, status }: Outcome): string =>
  `${source.commit_lsn} ${String(revision).padStart(3, '0')} ${status === 'scored' ? 1 : 0}`;

export const atOf = (lsn: string): number => Number.parseInt(lsn.slice(9), 16);

/** What STATES_SHOWN answers where these stand. */
export const statesOf = (outcomes: readonly (readonly [string, Outcome])[]): readonly unknown[] =>
  outcomes.flatMap(([id, { source, revision, status }]) =>
    status === 'deleted' ? [] : [{ id, at: atOf(source.commit_lsn), revision, status }],
  );

export const STATES_SHOWN = `select key_id as id, (commit_lsn - '0/0')::int4 as at, revision, status
  from afterglow_internal.state_fraud where status <> 'deleted' order by key_id`;
