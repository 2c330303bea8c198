// The life of one row, as records and side tables tell it. Pure: from what was read to what is shown.
import type { ChangeEvent, EnrichedEvent } from '../../../shared/contracts/events.ts';
import { millisecondsOf } from '../../../shared/contracts/instant.ts';
import { comparePositions, type Position } from '../../../shared/contracts/position.ts';
import type { StoredState } from '../../../shared/side-tables/stored-state.ts';

export interface SeenChange {
  readonly offset: bigint;
  readonly publishedAtMs: number;
  readonly event: ChangeEvent;
}

export interface SeenOutcome {
  readonly offset: bigint;
  readonly publishedAtMs: number;
  readonly event: EnrichedEvent;
}

export interface TracedEnrichment {
  readonly enrichment: string;
  readonly outcomes: readonly SeenOutcome[];
  readonly state: StoredState | undefined;
}

/** One step; `at` counts from 1970, `afterMs` from the commit. */
export type Hop = {
  readonly at_ms: number;
  readonly after_commit_ms: number;
  readonly position: Position;
} & (
  | {
      readonly hop: 'committed';
      readonly operation: ChangeEvent['op'];
      readonly redo: string | null;
      readonly redo_for: readonly string[];
    }
  | { readonly hop: 'published'; readonly offset: string }
  | ({
      readonly hop: 'enriched';
      readonly enrichment: string;
      readonly offset: string;
      readonly revision: number;
    } & OutcomeFacts)
  | {
      readonly hop: 'written';
      readonly enrichment: string;
      readonly status: string;
      readonly reason: string | null;
      readonly revision: number;
    }
);

export interface OutcomeFacts {
  readonly status: EnrichedEvent['status'];
  readonly detail: string | null;
  readonly model: string | null;
  readonly model_ms: number | null;
  /** Rows that shared the call. */
  readonly batch_rows: number | null;
  readonly attempts: number | null;
  readonly cached: boolean | null;
  readonly cost_nano_usd: number | null;
  readonly flagged: boolean | null;
  readonly decision: string | null;
}

/** Ordered by the change, then by the way; repeats of one publication stay, since they happened. */
export function hopsOf(
  changes: readonly SeenChange[],
  enrichments: readonly TracedEnrichment[],
): readonly Hop[] {
  const hops: Hop[] = [];
  const told = new Set<string>();
  for (const { event, offset, publishedAtMs } of changes) {
    const { source, op } = event;
    const committedAtMs = source.ts_us / 1_000;
    const position = positionOf(source);
    if (!told.has(nameOf(position))) {
      told.add(nameOf(position));
      const { redo } = source;
      hops.push({
        hop: 'committed',
        at_ms: committedAtMs,
        after_commit_ms: 0,
        position,
        operation: op,
        redo: redo === undefined ? null : `${redo.reason}, job ${redo.job}`,
        redo_for: redo?.enrichments ?? [],
      });
    }
    hops.push({
      hop: 'published',
      at_ms: publishedAtMs,
      after_commit_ms: publishedAtMs - committedAtMs,
      position,
      offset: String(offset),
    });
  }
  for (const { enrichment, outcomes, state } of enrichments) {
    for (const { event, offset, publishedAtMs } of outcomes) {
      hops.push({
        hop: 'enriched',
        enrichment,
        at_ms: publishedAtMs,
        after_commit_ms: publishedAtMs - millisecondsOf(event.source.committed_at),
        position: positionOf(event.source),
        offset: String(offset),
        revision: event.revision,
        ...factsOf(event),
      });
    }
    if (state !== undefined) {
      hops.push({
        hop: 'written',
        enrichment,
        at_ms: state.writtenAtMs,
        after_commit_ms: state.writtenAtMs - state.committedAtMs,
        position: state.position,
        status: state.status,
        reason: state.reason,
        revision: state.revision,
      });
    }
  }
  const rank = { committed: 0, published: 1, enriched: 2, written: 3 } as const;
  return hops.toSorted(
    (one, other) => comparePositions(one.position, other.position) || rank[one.hop] - rank[other.hop],
  );
}

const positionOf = ({ epoch, commit_lsn, event_index }: Position): Position => ({
  epoch,
  commit_lsn,
  event_index,
});
const nameOf = ({ epoch, commit_lsn, event_index }: Position): string =>
  `${epoch} ${commit_lsn} ${event_index}`;

const NOTHING: Omit<OutcomeFacts, 'status'> = {
  detail: null,
  model: null,
  model_ms: null,
  batch_rows: null,
  attempts: null,
  cached: null,
  cost_nano_usd: null,
  flagged: null,
  decision: null,
};

function factsOf(event: EnrichedEvent): OutcomeFacts {
  const { status } = event;
  switch (status) {
    case 'scored': {
      const { model, model_ms, batch_rows, attempts, cached, cost_nano_usd, flagged, decision } = event;
      return {
        status,
        detail: null,
        model: `${model.kind} ${model.name} ${model.version}`,
        model_ms,
        batch_rows: batch_rows ?? null,
        attempts,
        cached,
        cost_nano_usd,
        flagged: flagged ?? null,
        decision: decision?.action ?? null,
      };
    }
    case 'skipped':
      return { ...NOTHING, status, detail: event.reason };
    case 'failed':
      return {
        ...NOTHING,
        status,
        detail: `${event.error.kind} ${event.error.code}`,
        attempts: event.error.attempts,
      };
    case 'over_budget':
      return { ...NOTHING, status, detail: event.limit };
    case 'deleted':
      return { ...NOTHING, status, detail: event.cause };
    case 'truncated':
      return { ...NOTHING, status };
  }
}
