// Texts embedded by Cohere, from the table to the vectors that are found by likeness: the kind of vectors that batches.
import { expect, test } from 'vitest';
import { chunksOfText } from '../../shared/models/chunks.ts';
import { createEnrichment } from '../support/enrichment.ts';
import { readerHere, writerHere } from '../support/services-here.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 90_000;
const MEANING = `  meaning:
    from: payments
    model: { kind: cohere-embedding, model_id: "global.cohere.embed-v4:0", dimensions: 256, rate: 1000/s }
    input: [note.orValue("")]
`;
const COUNT = 300;
const POISONED = 77;
const LONG = 123;

/** Every third text is one that another row has, too. */
function noteOf(id: number): string {
  if (id === POISONED) return 'A POISONED note.';
  if (id === LONG)
    return Array.from({ length: 500 }, (_, each) => `Its lamp number ${each} is bright.`).join(' ');
  return id % 3 === 0 ? 'The same old lamp.' : `Order ${id} is about a ${['lamp', 'radio', 'book'][id % 3]}.`;
}

test('many texts share a call, equal ones are paid once, one bad vector fails its row alone, and likeness is found', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(MEANING);
  const { client, awsLocal } = setting;
  const { control } = awsLocal;
  control.addFault({ fault: { kind: 'zero_vector' }, input: { contains: 'POISON' } });
  await using _writer = writerHere(setting);
  await using _reader = await readerHere(setting);
  const insert = (first: number, end: number) =>
    client.query(
      `insert into payments (id, amount, place, note)
         select $1 + place - 1, 1, 'shop', note from unnest($2::text[]) with ordinality as row(note, place)`,
      [first, Array.from({ length: end - first }, (_, place) => noteOf(first + place))],
    );
  const poisonings = () => control.faults()[0]?.struck ?? 0;
  await insert(0, COUNT / 2);
  setting.start('meaning');
  await until(() => poisonings() > 0, { deadlineMs: DEADLINE_MS, what: 'the bad vector' });
  // What is accepted after the refusal settles it: with nothing to come, one row would be asked again for that.
  await insert(COUNT / 2, COUNT);
  const events = await setting.settled(COUNT, 'meaning', DEADLINE_MS);
  for (const event of events) {
    const id = Number(event.key.id);
    if (id === POISONED) expect(event).toMatchObject({ status: 'failed', error: { code: 'zero_vector' } });
    else
      expect(event).toMatchObject({ status: 'scored', model: { kind: 'cohere-embedding', version: 'v4:0' } });
  }
  const [counted] = control.calls().operations;
  const distinct = new Set(Array.from({ length: COUNT }, (_, id) => noteOf(id)));
  for (const other of [LONG, POISONED]) distinct.delete(noteOf(other));
  const asked = chunksOfText(noteOf(LONG), { bytesMax: 8_000, chunksMax: 64 });
  const chunks = asked.kind === 'items' ? asked.items.length : 0;
  expect(chunks).toBeGreaterThan(1);
  // A refusal is not remembered: where Kafka gives its row again, it is asked about again.
  expect(counted?.rows).toBe(distinct.size + chunks + poisonings());
  expect(counted?.calls).toBeLessThan(distinct.size / 4);

  const stored = await until(
    async () => {
      const { rows } = await client.query<{ id: number; chunks: number }>(
        'select id::int4 as id, count(*)::int4 as chunks from afterglow.meaning group by id order by id',
      );
      return rows.length === COUNT - 1 ? rows : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'a vector beside every row but one' },
  );
  expect(stored.filter(({ id, chunks: each }) => each !== (id === LONG ? chunks : 1))).toEqual([]);
  expect(stored.some(({ id }) => id === POISONED)).toBe(false);
  const { rows: alike } = await client.query<{ id: number }>(
    `select (key->>'id')::int4 as id from afterglow.similar('meaning',
       (select embedding from afterglow.meaning where id = 100 and chunk = 0), 30)`,
  );
  expect(alike[0]?.id).toBe(100);
  // Order 100 is about a radio.
  expect(alike.filter(({ id }) => id % 3 === 1).length).toBeGreaterThan(20);
});
