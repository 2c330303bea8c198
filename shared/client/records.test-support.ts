// Records of an enriched topic, made up, for tests of what reads them.
import { type CloudEventFacts, cloudEventHeaders } from '../contracts/cloud-events.ts';
import type { EnrichedEvent, EnrichedStatus } from '../contracts/events.ts';
import type { EnrichedRecord } from './change.ts';

export interface Said {
  readonly key: string;
  /** Grows with the log. */
  readonly at: number;
  readonly status: EnrichedStatus;
  readonly score?: number;
  readonly revision?: number;
  readonly epoch?: number;
}

const AT = '2026-11-20T09:15:02.123456Z';
const keyTextOf = (key: string): string => `{"id":"${key}"}`;

export function eventOf({ key, at, status, score = at, revision = 1, epoch = 1 }: Said): EnrichedEvent {
  const lsn = `00000000/${at.toString(16).toUpperCase().padStart(8, '0')}`;
  const beside = {
    key: status === 'truncated' ? {} : { id: key },
    enrichment: 'fraud',
    source: { epoch, commit_lsn: lsn, event_index: 0, table: 'public.payments', committed_at: AT },
    revision,
    as_of: AT,
    input_hash: null,
    enriched_at: AT,
  };
  switch (status) {
    case 'scored': {
      const model = { kind: 'sagemaker', name: 'fraud', version: '1' };
      const paid = { cached: false, cost_nano_usd: 0, attempts: 1, model_ms: 1 };
      return { ...beside, status, result: { score }, model, ...paid };
    }
    case 'skipped':
      return { ...beside, status, reason: 'when' };
    case 'failed': {
      const error = { kind: 'input', code: 'c', message: 'm', attempts: 0 } as const;
      return { ...beside, status, error, dead_letter_id: 'd' };
    }
    case 'over_budget':
      return { ...beside, status, limit: 'daily_usd', resets_at: AT };
    case 'deleted':
      return { ...beside, status, cause: 'delete' };
    case 'truncated':
      return { ...beside, status };
  }
}

let offset = 0;
const place = () => ({ partition: 0, offset: BigInt(offset++) });

export function recordOf(said: Said): EnrichedRecord {
  const keyText = said.status === 'truncated' ? '{}' : keyTextOf(said.key);
  const facts: CloudEventFacts = {
    kind: 'enriched',
    pipeline: 'p',
    enrichment: 'fraud',
    identity: JSON.stringify(said),
    table: 'public.payments',
    keyText,
    time: AT,
  };
  return {
    ...place(),
    key: Buffer.from(keyText),
    value: Buffer.from(JSON.stringify(eventOf(said))),
    headers: cloudEventHeaders(facts),
  };
}

export const tombstoneOf = (key: string): EnrichedRecord => ({
  ...place(),
  key: Buffer.from(keyTextOf(key)),
  value: null,
});
