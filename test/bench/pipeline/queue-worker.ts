// What one writes first: takes rows that a trigger noted, a hundred at a time, past those that others hold, and keeps them locked
// while the model is asked. node queue-worker.ts with DATABASE_URL and AFTERGLOW_AWS_LOCAL_URL in its environment.
import { createSagemakerRuntime } from '../../../shared/aws/sagemaker-runtime.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { BATCH_ROWS, POLL_MS, QUEUE, RESULTS } from './queue.ts';

const TAKE = {
  name: 'take',
  text: `select queued.number, source.id, source.amount, source.attempts_10m, source.card_present::int4 as card_present,
      extract(hour from source.occurred_at)::int4 as hour, coalesce(source.distance_from_home_km, -1) as distance,
      array_position(enum_range(null::public.merchant_category), source.merchant_category) - 1 as category
    from ${QUEUE} as queued join public.transactions as source on source.id = queued.transaction_id
    order by queued.number limit ${BATCH_ROWS} for update of queued skip locked`,
};
const WRITE = {
  name: 'write',
  text: `insert into ${RESULTS} (id, score, flagged, decision)
    select id, score, score >= 0.9, case when score >= 0.9 then 'hold' when score >= 0.7 then 'review' else 'accept' end
    from unnest($1::int8[], $2::float8[]) as scored(id, score)
    on conflict (id) do update set score = excluded.score, flagged = excluded.flagged, decision = excluded.decision, scored_at = now()`,
};
const FORGET = { name: 'forget', text: `delete from ${QUEUE} where number = any($1::int8[])` };

type Taken = Readonly<Record<'number' | 'id' | 'amount' | 'distance', string>> &
  Readonly<Record<'attempts_10m' | 'card_present' | 'hour' | 'category', number>>;

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
const { DATABASE_URL = '', AFTERGLOW_AWS_LOCAL_URL = '' } = process.env;
const client = await connectDatabase({ url: DATABASE_URL, applicationName: 'queue worker' });
const runtime = createSagemakerRuntime({ mode: 'local', endpoint: AFTERGLOW_AWS_LOCAL_URL });
process.stdout.write('polling\n');
while (!stopping.signal.aborted) {
  if (!(await workOff(client))) await pause(POLL_MS, stopping.signal);
}
runtime.close();
await client.end();

/** False when nothing waits. */
async function workOff(database: DatabaseClient): Promise<boolean> {
  await database.query('begin');
  const { rows } = await database.query<Taken>(TAKE);
  if (rows.length > 0) {
    const scores = await ask(rows);
    await database.query({ ...WRITE, values: [rows.map(({ id }) => id), scores] });
    await database.query({ ...FORGET, values: [rows.map(({ number }) => number)] });
  }
  await database.query('commit');
  return rows.length > 0;
}

async function ask(rows: readonly Taken[]): Promise<readonly number[]> {
  const lines = rows.map(({ amount, attempts_10m, card_present, hour, distance, category }) =>
    [amount, attempts_10m, card_present, hour, distance, category].join(','),
  );
  const request = {
    endpoint: 'fraud-xgboost',
    body: lines.join('\n'),
    contentType: 'text/csv',
    accept: 'text/csv',
  };
  const { body } = await runtime.invokeEndpoint(request, AbortSignal.timeout(60_000));
  const scores = body.trim().split(/[\n,]/).map(Number);
  if (scores.length !== rows.length) throw new RangeError('another number of scores than of rows');
  return scores;
}
