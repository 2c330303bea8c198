// The table of errors (design section 6) again, for the models that are paid by the call: Comprehend and Titan.
import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import {
  createEnrichment,
  embedding,
  type Payment,
  sentiment,
  type TestEnrichment,
} from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { until } from '../support/wait.ts';

const ROWS = 20;
const DEADLINE_MS = 120_000;
type Injected = FaultRule['fault'];
const named = (name: string, status: number, message?: string): Injected => ({
  kind: 'named',
  name,
  status,
  ...(message === undefined ? {} : { message }),
});

const rowsOf = (from: number, poison?: string): Payment[] =>
  Array.from({ length: ROWS }, (_, place) => ({
    id: from + place,
    note: `The lamp number ${from + place} is good${place === 7 && poison !== undefined ? `, says ${poison}` : ''}.`,
  }));

/** Of the rows from `from` on: how each ended. Rows behind them go on being published, as a stream would bring them. */
async function endsOf(setting: TestEnrichment, name: string, from: number) {
  let behind = 0;
  const ends = await until(
    async () => {
      const all = firstsOf(await setting.outcomes(name));
      const own = all.filter(({ key }) => Number(key.id) >= from && Number(key.id) < from + ROWS);
      if (own.length === ROWS) return own;
      const id = 1_000_000 + from * 1_000 + behind++;
      await setting.publish([{ id, note: `The lamp number ${id} comes behind them.` }]);
      return undefined;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 1_000, what: `the rows from ${from} on to end at ${name}` },
  );
  return ends.toSorted((one, other) => Number(one.key.id) - Number(other.key.id));
}

const BOTH = { sentiment: 'BatchDetectSentiment', embedding: 'InvokeModel' } as const;

const PASSING: readonly (readonly [string, Injected, Injected])[] = [
  ['throttled', { kind: 'throttle' }, { kind: 'throttle' }],
  ['a service error', { kind: 'error', status: 500 }, { kind: 'error', status: 503 }],
  [
    'a page, and a model that timed out',
    { kind: 'bare', status: 503, body: 'html' },
    named('ModelTimeoutException', 408),
  ],
  ['a connection cut', { kind: 'cut', place: 'before_answer' }, { kind: 'cut', place: 'in_body' }],
  [
    'a batch refused, and a model error',
    named('TextSizeLimitExceededException', 400),
    named('ModelErrorException', 424),
  ],
  [
    'an entry twice, and a model that is not ready',
    { kind: 'repeated_index' },
    named('ModelNotReadyException', 429),
  ],
  ['an item refused, and an answer that is cut off', { kind: 'item_error' }, { kind: 'truncated' }],
  ['an expired token', named('ExpiredTokenException', 403), named('ExpiredTokenException', 403)],
];

const ALONE: readonly (readonly [string, Injected, string, Injected, string])[] = [
  ['is refused', { kind: 'item_error' }, 'rejected_item', named('ModelErrorException', 424), 'rejected_item'],
  [
    'is too long',
    named('TextSizeLimitExceededException', 400),
    'rejected_item',
    named('ValidationException', 400, '400 Bad Request: Too many input tokens. Max input tokens: 8192'),
    'rejected_item',
  ],
  [
    'has an answer that is no number',
    { kind: 'not_a_number' },
    'contract',
    { kind: 'zero_vector' },
    'contract',
  ],
  [
    'has an answer of another shape',
    { kind: 'repeated_index' },
    'contract',
    { kind: 'width', dimensions: 7 },
    'contract',
  ],
  [
    'is never answered',
    { kind: 'error', status: 500 },
    'rejected_item',
    { kind: 'error', status: 500 },
    'rejected_item',
  ],
];

test('what passes costs no row of a paid model, and what is about one row fails that row alone', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(sentiment() + embedding());
  const { control } = setting.awsLocal;
  setting.start('sentiment');
  setting.start('embedding');
  let from = 0;
  for (const [what, ofSentiment, ofEmbedding] of PASSING) {
    const rules = [
      control.addFault({ operation: BOTH.sentiment, calls: 1, fault: ofSentiment }),
      control.addFault({ operation: BOTH.embedding, calls: 1, fault: ofEmbedding }),
    ];
    await setting.publish(rowsOf(from));
    for (const name of ['sentiment', 'embedding']) {
      const ends = await endsOf(setting, name, from);
      expect(
        ends.map(({ status }) => status),
        `${what}: ${name}`,
      ).toEqual(Array(ROWS).fill('scored'));
    }
    for (const rule of rules) {
      expect(control.faults().find(({ id }) => id === rule)?.struck, `${what} struck`).toBe(1);
    }
    control.clearFaults();
    from += ROWS;
  }
  for (const [what, ofSentiment, sentimentKind, ofEmbedding, embeddingKind] of ALONE) {
    const poison = `POISON${from}`;
    control.addFault({ operation: BOTH.sentiment, input: { contains: poison }, fault: ofSentiment });
    control.addFault({ operation: BOTH.embedding, input: { contains: poison }, fault: ofEmbedding });
    await setting.publish(rowsOf(from, poison));
    for (const [name, kind] of [
      ['sentiment', sentimentKind],
      ['embedding', embeddingKind],
    ] as const) {
      const ends = await endsOf(setting, name, from);
      expect(
        ends.map((event) => (event.status === 'failed' ? event.error.kind : event.status)),
        `a row that ${what}: ${name}`,
      ).toEqual(Array.from({ length: ROWS }, (_, place) => (place === 7 ? kind : 'scored')));
    }
    control.clearFaults();
    from += ROWS;
  }
  for (const name of ['sentiment', 'embedding']) expect(await setting.archived(name)).toBe(ALONE.length);
});

describe('a paid model that cannot be used', () => {
  test.each<[string, Injected]>([
    ['refuses every text', named('ModelErrorException', 424)],
    ['gives vectors of another width', { kind: 'width', dimensions: 7 }],
  ])(
    '%s: its enrichment stops, nothing is published, nothing archived, nothing asked endlessly',
    {
      timeout: 400_000,
    },
    async (_, fault) => {
      await using setting = await createEnrichment(embedding());
      const { control } = setting.awsLocal;
      control.addFault({ operation: BOTH.embedding, fault });
      await setting.publish(
        Array.from({ length: 200 }, (_row, id) => ({ id, note: `The lamp number ${id}.` })),
      );
      const { readiness } = setting.start('embedding');
      await until(() => readiness.missing.model?.includes('refuses_everything'), {
        deadlineMs: DEADLINE_MS,
        what: 'the enrichment to stop',
      });
      const calls = (): number => control.calls().operations.reduce((sum, count) => sum + count.calls, 0);
      expect(calls()).toBeLessThan(200);
      expect(await setting.outcomes('embedding')).toEqual([]);
      expect(await setting.archived('embedding')).toBe(0);
      // Mended, it goes on by itself: the first canary comes after a second, the next after a minute.
      control.clearFaults();
      const outcomes = await setting.settled(200, 'embedding', 2 * DEADLINE_MS);
      expect(outcomes.every(({ status }) => status === 'scored')).toBe(true);
    },
  );
});
