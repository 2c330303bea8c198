import { hash } from 'node:crypto';
import type { CloudEventHeaders } from './events.ts';
import type { Instant } from './instant.ts';

export interface CloudEventFacts {
  readonly kind: 'enriched' | 'dead';
  readonly pipeline: string;
  readonly enrichment: string;
  /** What makes the event the event it is: equal on every redelivery. */
  readonly identity: string;
  /** 'schema.table'; empty where it cannot be told. */
  readonly table: string;
  readonly keyText: string;
  readonly time: Instant;
}

export function cloudEventHeaders(facts: CloudEventFacts): CloudEventHeaders {
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: hash('sha256', facts.identity, 'hex'),
    ce_type: `dev.afterglow.${facts.kind}.v1`,
    ce_source: `/afterglow/${facts.pipeline}/${facts.enrichment}`,
    ce_subject: `${percentEncoded(facts.table)}/${percentEncoded(facts.keyText)}`,
    ce_time: facts.time,
    ce_dataschema: `urn:afterglow:${facts.kind}:v1`,
  };
}

/** Half a surrogate pair, which no text of the database holds but a foreign record may, would be an error. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
