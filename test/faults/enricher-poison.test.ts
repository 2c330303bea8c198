// Poison rows at random places of a stream, from the table through the log and three kinds of models to the side tables.
import { expect, test } from 'vitest';
import { fraudScorer } from '../../services/aws-local/sagemaker/fraud.ts';
import { createEnrichment, embedding, fraud, sentiment, type TestEnrichment } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { seededRandom } from '../support/random-workload.ts';
import { readerHere, writerHere } from '../support/services-here.ts';
import { until } from '../support/wait.ts';

const SEED = 20_261_122;
const KEYS = 60;
const CHANGES = 240;
const POISON_SHARE = 0.08;
const POISON_AMOUNT = 66.5;
const POISON_WORD = 'POISON';
/** Rows behind the last poison: a refusal waits for an acceptance. */
const CLOSING_FROM = 1_000;
const DEADLINE_MS = 120_000;
const NAMES = ['fraud', 'sentiment', 'embedding'] as const;
type Name = (typeof NAMES)[number];

interface PoisonedChange {
  readonly id: number;
  readonly amount: number;
  readonly note: string;
  readonly status: Readonly<Record<Name, 'scored' | 'failed'>>;
}

function changesOf(random: () => number): readonly PoisonedChange[] {
  return Array.from({ length: CHANGES }, (_, index) => {
    const isNumberPoisoned = random() < POISON_SHARE;
    const isTextPoisoned = random() < POISON_SHARE;
    const text = isTextPoisoned ? 'failed' : 'scored';
    return {
      id: Math.floor(random() * KEYS),
      amount: isNumberPoisoned ? POISON_AMOUNT : index + 100,
      note: `The lamp of order ${index} is a good one${isTextPoisoned ? `, says ${POISON_WORD}` : ''}.`,
      status: { fraud: isNumberPoisoned ? 'failed' : 'scored', sentiment: text, embedding: text },
    };
  });
}

async function change({ client }: TestEnrichment, { id, amount, note }: Omit<PoisonedChange, 'status'>) {
  await client.query(
    `insert into payments (id, amount, place, note) values ($1, $2, 'shop', $3)
         on conflict (id) do update set amount = excluded.amount, note = excluded.note`,
    [id, amount, note],
  );
}

const scoreOf = (amount: number): number => fraudScorer.score([amount, 1, 1, 12, -1, 0]);

test(`exactly the poisoned rows are failed and archived, everything else is scored, each key in order (seed ${SEED})`, {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(fraud() + sentiment() + embedding());
  const { awsLocal, client } = setting;
  const { control } = awsLocal;
  control.addFault({
    operation: 'InvokeEndpoint',
    input: { column: 0, equals: POISON_AMOUNT },
    fault: { kind: 'model_error', original_status: 400 },
  });
  control.addFault({
    operation: 'BatchDetectSentiment',
    input: { contains: POISON_WORD },
    fault: { kind: 'item_error' },
  });
  control.addFault({
    operation: 'InvokeModel',
    input: { contains: POISON_WORD },
    fault: { kind: 'named', name: 'ModelErrorException', status: 424 },
  });
  await using _writer = writerHere(setting);
  await using _reader = await readerHere(setting);
  for (const name of NAMES) await setting.startProcess(name);
  const changes = changesOf(seededRandom(SEED));
  for (const each of changes) await change(setting, each);

  let closing = 0;
  const ofKeys = async (name: Name) =>
    firstsOf(await setting.outcomes(name)).filter(({ key }) => Number(key.id) < CLOSING_FROM);
  for (const name of NAMES) {
    const outcomes = await until(
      async () => {
        const all = await ofKeys(name);
        if (all.length === CHANGES) return all;
        const id = CLOSING_FROM + closing++;
        await change(setting, { id, amount: id, note: `Closing row ${id} of this long stream.` });
        return undefined;
      },
      { deadlineMs: DEADLINE_MS, everyMs: 2_000, what: `an outcome of every change by ${name}` },
    );
    const byKey = Map.groupBy(outcomes, ({ key }) => Number(key.id));
    for (const [id, own] of Map.groupBy(changes, (each) => each.id)) {
      expect(
        byKey.get(id)?.map(({ status }) => status),
        `${name} of row ${id}`,
      ).toEqual(own.map(({ status }) => status[name]));
    }
    if (name === 'fraud') {
      // Nobody has a neighbour's score.
      for (const [id, own] of Map.groupBy(changes, (each) => each.id)) {
        for (const [place, event] of (byKey.get(id) ?? []).entries()) {
          if (event.status !== 'scored') continue;
          const { score } = event.result as { readonly score: number };
          expect(score, `row ${id}`).toBeCloseTo(scoreOf(own[place]?.amount ?? Number.NaN), 6);
        }
      }
    }
    expect(await setting.archived(name)).toBe(
      changes.filter(({ status }) => status[name] === 'failed').length,
    );
    const last = new Map(changes.map((each) => [each.id, each.status[name]]));
    const shown = [...last].filter(([, status]) => status === 'scored').map(([id]) => id);
    await until(
      async () => {
        const { rows } = await client.query<{ id: string }>(
          `select id from afterglow.${name} where id < $1 order by id`,
          [CLOSING_FROM],
        );
        return (
          JSON.stringify(rows.map(({ id }) => Number(id))) === JSON.stringify(shown.toSorted((a, b) => a - b))
        );
      },
      { deadlineMs: DEADLINE_MS, everyMs: 500, what: `the results of ${name} beside the rows` },
    );
  }
  await until(async () => firstsOf(await setting.outcomes('embedding')).length === CHANGES + closing, {
    deadlineMs: DEADLINE_MS,
    everyMs: 500,
    what: 'the closing rows',
  });
  const embeddings = control.calls().operations.find(({ operation }) => operation === 'InvokeModel');
  const clean = changes.filter(({ status }) => status.embedding === 'scored').length;
  // Nothing was paid twice, nor for nothing.
  expect(embeddings?.paid_calls).toBe(clean + closing);
});
