import { expect, test } from 'vitest';
import { sumOf } from '../../services/cli/view/metrics-text.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

const TABLES =
  'create table lines (invoice bigint, line int, code char(4), amount int not null, memo text, primary key (line, invoice, code))';
const lines = (text: string): string =>
  `${text.slice(0, text.search(/^sources:/m))}sources:
  lines: { table: public.lines, partitions: 4 }
enrichments:
  fraud:
    from: lines
    when: amount < 1000
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "7" }
    input:
      - amount
      - attempts: "1"
      - present: "1"
      - hour: "12"
      - distance: "-1"
      - place: "0"
    output: { score: float }
    decide:
      - accept
`;

test('trace tells each hop of a row by its composite key, with call, cache and cost, and none of its values; histograms tell the same of all', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline(18, lines, TABLES);
  await using cli = await commandLine(pipeline, lines);
  const { client } = pipeline;
  const services = pipeline.start('reader', 'enricher', 'writer');
  await services.ready();
  const became = async (status: string, rows: number): Promise<void> => {
    const counted = async (): Promise<boolean> =>
      (await client.query('select from afterglow_internal.state_fraud where status = $1', [status]))
        .rowCount === rows;
    await until(counted, { deadlineMs: DEADLINE_MS, what: `${rows} rows to be ${status}` });
  };
  // Others of the same partition, too.
  await client.query(
    "insert into lines select n, n % 3, 'ab', 900 + n, 'secret' from generate_series(1, 60) n",
  );
  await became('scored', 60);
  await client.query("update lines set memo = 'more secret' where invoice = 7 and line = 1");
  await client.query('update lines set amount = 5000 where invoice = 7 and line = 1');
  await became('skipped', 1);

  const key = 'code=ab, invoice=7,line=1';
  const json = await cli.run('trace', 'lines', key, '--json');
  expect({ status: json.status, error: json.error, out: json.status === 0 ? '' : json.out }).toEqual({
    status: 0,
    error: '',
    out: '',
  });
  const hops = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const shape = hops.map(({ hop, operation, status, cached }) =>
    [hop, operation, status, cached].filter((part) => part !== undefined && part !== null).join(' '),
  );
  expect(shape).toEqual([
    'committed c',
    'published',
    'enriched scored false',
    'committed u',
    'published',
    'enriched scored true',
    'committed u',
    'published',
    'enriched skipped',
    'written skipped',
  ]);
  expect(hops[2]).toMatchObject({
    enrichment: 'fraud',
    model: 'sagemaker fraud-xgboost 7',
    attempts: 1,
    batch_rows: expect.any(Number),
    cost_nano_usd: 0,
    decision: 'accept',
    revision: 1,
  });
  expect(hops[5]).toMatchObject({ cached: true, batch_rows: null });
  for (const { after_commit_ms: afterMs } of hops) expect(afterMs).toBeLessThan(DEADLINE_MS);

  const text = await cli.run('trace', 'lines', key);
  expect(text.out).toMatch(
    /^lines \{"line":1,"invoice":"7","code":"ab +"\}: the row is there; partition \d, since /,
  );
  expect(text.out).toMatch(/scored, sagemaker fraud-xgboost 7, model [^,]+, batch of \d+, /);
  expect(text.out).toContain('fraud: skipped (when) is what stands beside the row, revision 1');
  expect(`${text.out}${json.out}`).not.toMatch(/secret|5000/);

  const samples = await services.metrics();
  const summed = (name: string, what: 'count' | 'sum'): number =>
    sumOf(samples, `${name}_${what}`, { enrichment: 'fraud' }) ?? 0;
  const { commitToPublished, publishedToEnriched, commitToEnriched } = METRIC.enricher;
  const { enrichedToWritten, commitToWritten } = METRIC.writer;
  for (const name of [commitToPublished, publishedToEnriched, commitToEnriched]) {
    expect(summed(name, 'count'), name).toBe(62);
  }
  // Of two outcomes of a row in one batch only the newer is written.
  expect(summed(enrichedToWritten, 'count')).toBeGreaterThanOrEqual(61);
  expect(summed(enrichedToWritten, 'count')).toBe(summed(commitToWritten, 'count'));
  const [published, enriched] = [commitToPublished, publishedToEnriched].map((name) => summed(name, 'sum'));
  // One machine, one clock: but for the millisecond that Kafka's times are cut to, the parts make up the whole.
  expect(Math.abs((published ?? 0) + (enriched ?? 0) - summed(commitToEnriched, 'sum'))).toBeLessThan(
    62 * 0.002,
  );
  expect(summed(enrichedToWritten, 'sum')).toBeGreaterThan(0);
  expect(summed(enrichedToWritten, 'sum')).toBeLessThan(summed(commitToWritten, 'sum'));

  await client.query('delete from lines where invoice = 7 and line = 1');
  await became('deleted', 1);
  const gone = await cli.run('trace', 'lines', key, '--from', '1h');
  expect(gone.out).toMatch(
    /there is no such row[\s\S]*delete at[\s\S]*fraud: deleted, delete[\s\S]*deleted \(delete\) is what stands/,
  );
  expect(await cli.run('trace', 'lines', 'line=1,invoice=99999,code=x')).toMatchObject({ status: 1 });
  expect(await cli.run('trace', 'lines', '7')).toMatchObject({ status: 2 });
  expect((await cli.run('trace', 'lines', 'line=a,invoice=1,code=x')).error).toContain(
    'This is no key of the source',
  );
});
