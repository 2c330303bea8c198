import type { EnrichedEvent } from '../../../shared/contracts/events.ts';
import { partitionOf } from '../../../shared/kafka/partitioner.ts';
import type { TopicRecord } from '../../../shared/kafka/producer.ts';
import { seededRandom } from '../../support/random-workload.ts';

export type Shape = 'fraud' | 'embedding';

export const PARTITIONS = 6;
export const DIMENSIONS = 1_024;
const SEED = 20_261_121;
const CHARACTERS = 400;

type Scored = Extract<EnrichedEvent, { status: 'scored' }>;

/** As an enricher publishes them: one scored outcome for each of the rows `from` to `to`, each at a position of its own. */
export function outcomes(shape: Shape, from: number, to: number): readonly Scored[] {
  const random = seededRandom(SEED + from);
  return Array.from({ length: to - from }, (_, index): Scored => {
    const id = from + index;
    const score = random();
    const flagged = score >= 0.9;
    return {
      key: { id: String(id) },
      enrichment: shape,
      source: {
        epoch: 1,
        commit_lsn: `00000001/${id.toString(16).toUpperCase().padStart(8, '0')}`,
        event_index: 0,
        table: 'public.payments',
        committed_at: '2026-11-21T09:15:02.123456Z',
      },
      revision: 1,
      as_of: '2026-11-21T09:15:02.123456Z',
      input_hash: id.toString(16).padStart(64, '0'),
      enriched_at: '2026-11-21T09:15:02.143456Z',
      status: 'scored',
      ...(shape === 'fraud'
        ? {
            result: { score },
            flagged,
            decision: {
              action: flagged ? 'hold' : 'accept',
              rule: flagged ? 'score >= 0.9' : '',
              policy_version: '1',
            },
          }
        : { result: embedding(random) }),
      model: { kind: shape === 'fraud' ? 'sagemaker' : 'titan-embedding', name: 'bench', version: '1' },
      cached: false,
      cost_nano_usd: 20,
      attempts: 1,
      model_ms: 20,
    };
  });
}

/** Around one of a hundred topics, as texts are: pure noise would be the hardest case of an index and nobody's. */
function embedding(random: () => number) {
  const topic = Math.floor(random() * 100);
  const vector = Float32Array.from(
    { length: DIMENSIONS },
    (_, place) => Math.sin(topic * 7.3 + place * (1 + topic / 50)) + (random() - 0.5) * 0.8,
  );
  const bytes = Buffer.from(vector.buffer);
  return {
    dimensions: DIMENSIONS,
    truncated: false,
    chunks: [
      { start: 0, end: CHARACTERS, tokens: CHARACTERS / 4, vector_f32le_base64: bytes.toString('base64') },
    ],
  };
}

export function records(topic: string, events: readonly Scored[]): readonly TopicRecord[] {
  return events.map((event) => {
    const key = JSON.stringify(event.key);
    return { topic, partition: partitionOf(key, PARTITIONS), key, value: JSON.stringify(event) };
  });
}
