// The SQL that docs/topics.md gives to other teams keeps the newest outcome, in whatever order they come.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { seededRandom } from '../support/random-workload.ts';
import { createDatabase } from '../support/stack.ts';

const SEED = 11;
const [STATEMENT = ''] = /(?<=```sql\n)[\s\S]*?(?=```)/.exec(readFileSync('docs/topics.md', 'utf8')) ?? [];
const TABLE = `create table my_scores (id bigint primary key, score float8, epoch integer not null, commit_lsn text collate "C" not null,
  event_index integer not null, revision integer not null, scored boolean not null)`;

/** Rising: each part of the fence decides once, and a lower part never against a higher. */
const FENCES = [
  [1, '00000001/00000009', 9, 9, true],
  [2, '00000000/0000000A', 9, 9, true],
  [2, '00000000/0000000B', 0, 9, true],
  [2, '00000000/0000000B', 1, 1, true],
  [2, '00000000/0000000B', 1, 2, false],
  [2, '00000000/0000000B', 1, 2, true],
] as const;

test(`the statement keeps the newest of shuffled and repeated outcomes (seed ${SEED})`, async () => {
  await using database = await createDatabase();
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  try {
    await client.query(TABLE);
    const random = seededRandom(SEED);
    for (let id = 1; id <= 40; id++) {
      const last = Math.floor(random() * FENCES.length);
      const arriving = [...Array(3)]
        .flatMap(() => FENCES.slice(0, last + 1).map((fence, score) => ({ fence, score, place: random() })))
        .toSorted((a, b) => a.place - b.place);
      for (const { fence, score } of arriving) await client.query(STATEMENT, [id, score, ...fence]);
      const { rows } = await client.query<{ score: string }>('select score from my_scores where id = $1', [
        id,
      ]);
      expect(Number(rows[0]?.score), `row ${id}`).toBe(last);
    }
  } finally {
    await client.end();
  }
});
