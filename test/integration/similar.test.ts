// afterglow.similar(): what is found by likeness, by whom, and that the index is what finds it.
import { expect, test } from 'vitest';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { setUp } from '../support/initialised.ts';

const MORE = `  embedding:
    from: reviews
    model: { kind: titan-embedding, dimensions: 256 }
    input: [body]`;
const ROWS = 2_000;

/** Vectors around a hundred centres: what lies together is alike. The seed makes them the same each time. */
const FILL = `select setseed(0.42);
  create temp table centres as select c, array(select random() - 0.5 + 0 * c from generate_series(1, 256)) as v from generate_series(1, 100) c;
  insert into afterglow.embedding (product, number, chunk, chunk_start, chunk_end, tokens, embedding, scored_at, cost_nano_usd)
    select 'p' || n % 7, n, 0, 0, 9, 2, (select array_agg(e + (random() - 0.5) * 0.4 + 0 * n order by i) from unnest(v) with ordinality as u(e, i))::real[]::public.halfvec(256), now(), 0
      from generate_series(1, ${ROWS}) n join centres on c = n % 100 + 1;
  analyze afterglow.embedding`;

const vectorOf = (number: number): string =>
  `(select embedding from afterglow.embedding where number = ${number} and chunk = 0)`;

async function found(client: DatabaseClient, call: string): Promise<readonly Record<string, string>[]> {
  return (
    await client.query<Record<string, string>>(
      `select key::text, chunk, similarity from afterglow.similar(${call})`,
    )
  ).rows;
}

test('the rows that are most alike come first, each once, by the index, and as good as an exact scan', async () => {
  await using setting = await setUp();
  const { client, database, pipeline } = setting;
  await setting.init({ more: MORE }, { loginPasswords: { viewer: 'of-the-viewer' } });
  expect(await setting.init({ more: MORE })).toEqual([]);
  await client.query(FILL);
  // So few rows would be read one by one, and rightly so.
  await client.query('set enable_seqscan = off');
  let hits = 0;
  for (let number = 1; number <= 30; number += 1) {
    const near = await found(client, `'embedding', ${vectorOf(number)}, 10`);
    expect(near).toHaveLength(10);
    const { rows: exact } = await client.query<{ key: string }>(
      `select jsonb_build_object('product', product, 'number', number)::text as key from afterglow.embedding
        order by (embedding::public.vector(256) <=> ${vectorOf(number)}::public.vector(256)), 1 limit 10`,
    );
    const wanted = new Set(exact.map(({ key }) => key));
    hits += near.filter(({ key }) => wanted.has(key ?? '')).length;
    expect(near[0]).toMatchObject({ key: `{"number": ${number}, "product": "p${number % 7}"}`, chunk: 0 });
    const likeness = near.map(({ similarity }) => Number(similarity));
    expect(likeness).toEqual(likeness.toSorted((one, other) => other - one));
  }
  expect(hits / 300).toBeGreaterThanOrEqual(0.95);
  await client.query('select pg_stat_force_next_flush()');
  const { rows: scans } = await client.query<{ scans: string }>(
    "select idx_scan as scans from pg_stat_user_indexes where indexrelname = 'embedding-similar'",
  );
  expect(Number(scans[0]?.scans)).toBeGreaterThanOrEqual(30);

  // A text of many chunks that are all alike is one row, and does not crowd out the others.
  await client.query(`insert into afterglow.embedding select product, number, copy, 0, 9, 2, embedding, null, null, null, null, now(), 0
    from afterglow.embedding, generate_series(1, 60) copy where number = 1`);
  const many = await found(client, `'embedding', ${vectorOf(1)}, 20`);
  expect(new Set(many.map(({ key }) => key)).size).toBe(20);
  expect(many[0]?.key).toContain('"number": 1,');

  const alike = await found(client, `'embedding', ${vectorOf(2)}, 50, 0.8`);
  expect(alike.length).toBeGreaterThan(1);
  expect(alike.length).toBeLessThan(50);
  expect(alike.every(({ similarity }) => Number(similarity) >= 0.8)).toBe(true);

  for (const [call, said] of [
    [`'fraud', ${vectorOf(1)}`, 'no enrichment "fraud" that makes vectors'],
    [`'embedding; drop table x', ${vectorOf(1)}`, 'no enrichment'],
    [`'embedding', ${vectorOf(1)}, 0`, 'k is a number'],
    [`'embedding', array_fill(0, array[256])::real[]::public.halfvec(256)`, 'zeros'],
    [`'embedding', '[1,2]'`, 'dimensions'],
  ] as const) {
    await expect(found(client, call)).rejects.toThrow(said);
  }

  const url = new URL(database.url);
  url.username = `${pipeline}_viewer`;
  url.password = 'of-the-viewer';
  const viewer = await connectDatabase({ url: url.href, applicationName: 'viewer' });
  try {
    expect(await found(viewer, `'embedding', ${vectorOf(3)}, 3`)).toHaveLength(3);
    await client.query(`revoke select on afterglow.embedding from ${pipeline}_viewer`);
    await expect(
      found(viewer, `'embedding', array_fill(1, array[256])::real[]::public.halfvec(256), 3`),
    ).rejects.toMatchObject({ code: '42501' });
  } finally {
    await viewer.end();
  }
});
