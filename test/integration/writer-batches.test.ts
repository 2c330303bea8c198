// Random histories through all that a writer decides about a batch: what is passed over, halved, isolated, refused, tried again
// and given up, while its database fails at random trips and memberships end in the middle.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Archive } from '../../services/writer/archive.ts';
import { BatchWriter } from '../../services/writer/batch-writer.ts';
import { Homes } from '../../services/writer/homes.ts';
import { LateKeys } from '../../services/writer/late-keys.ts';
import { writerMetrics } from '../../services/writer/metrics.ts';
import { Pace } from '../../services/writer/pace.ts';
import { Abandoned } from '../../services/writer/patience.ts';
import { RefusalsInARow } from '../../services/writer/refusals-in-a-row.ts';
import { WrittenOutcomes } from '../../services/writer/written-outcomes.ts';
import type { DeadLetter } from '../../shared/contracts/events.ts';
import { deadTopic, enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer, type RecordProducer } from '../../shared/kafka/producer.ts';
import { createPool, type DatabasePool, sqlState } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { type CuttingFront, cuttingFront } from '../support/cutting-front.ts';
import { STATES_SHOWN, statesOf } from '../support/outcome-histories.ts';
import {
  type Choices,
  choices,
  createLog,
  isRefusal,
  type Log,
  Membership,
  REFUSED_CODE,
  REFUSES,
  standingOf,
} from '../support/refusing-histories.ts';
import { FRAUD, type SideTableSetting, setUp } from '../support/side-tables.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const HISTORIES = 20;
const BATCH_ROWS_MAX = 12;
const CONNECTIONS_MAX = 4;
/** As many as a history makes in any case, and more than most make. */
const FEW = 4;
const MANY = 30;

/** What the database says at chosen calls: at a statement, or not before the commit. */
const STATES = ['40001', '40P01', '53100', '55P03', '57014', '57P01'] as const;
const FAULTS = `
  create sequence calls;
  create table planned (call bigint primary key, state text not null);
  create function fail_as_planned() returns trigger language plpgsql as $$
    declare
      this bigint := nextval('calls');
      wanted text := (select state from planned where call = this);
    begin
      if wanted = '57P01' then perform pg_terminate_backend(pg_backend_pid());
      elsif wanted is not null then raise exception 'planned' using errcode = wanted; end if;
      return null;
    end $$;
  create trigger planned before insert on afterglow_internal.state_fraud
    for each statement execute function fail_as_planned();
  create constraint trigger planned_late after insert or update on afterglow_internal.state_fraud
    deferrable initially deferred for each row execute function fail_as_planned()`;

interface Parts {
  readonly pipeline: string;
  readonly setting: SideTableSetting;
  readonly front: CuttingFront;
  readonly pool: DatabasePool;
  readonly producer: RecordProducer;
  /** What happened, and how often. */
  readonly seen: Map<string, number>;
}

/** Another process. */
async function createWriter(parts: Parts, log: Log, { upTo }: Choices): Promise<BatchWriter> {
  const { pipeline, setting, pool, producer, seen } = parts;
  const targets = new Map([[log.topic, { tables: setting.tables, statements: setting.statements }]]);
  const metrics = writerMetrics(new Registry());
  const lateKeys = new LateKeys(metrics);
  await lateKeys.look(setting.client);
  return new BatchWriter({
    pool,
    targets,
    homes: new Homes(new Map()),
    lateKeys,
    notifiesFlagged: true,
    archive: new Archive(pipeline, producer, targets),
    written: new WrittenOutcomes(pool, log.topicIds),
    metrics,
    logger: createLogger('writer', 'silent'),
    pace: new Pace(BATCH_ROWS_MAX),
    refusals: new RefusalsInARow(),
    requireKeyTypes: async () => {
      await pool.query('select');
    },
    patience: {
      failed: (error) => count(seen, sqlState(error) ?? 'connection'),
      resumed: () => {},
      isWanted: (batch) => {
        const memberships = batch.map(({ record }) => record.assignment as Membership);
        if (upTo(4) === 0) for (const membership of memberships) membership.current = false;
        return memberships.some(({ current }) => current);
      },
      stopping: new AbortController().signal,
    },
  });
}

const count = (seen: Map<string, number>, what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);

/** Until all of it is written: one membership after the other, each from where Kafka may send it back to. */
async function passThrough(parts: Parts, log: Log, choose: Choices): Promise<void> {
  const { upTo } = choose;
  const frozen: Promise<unknown>[] = [];
  const write = async (writer: BatchWriter, records: readonly FetchedRecord[]): Promise<boolean> => {
    try {
      await writer.write(records);
      return true;
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
      count(parts.seen, 'abandoned');
      return false;
    }
  };
  let writer = await createWriter(parts, log, choose);
  let committed = 0;
  while (committed < log.records.length) {
    const membership = new Membership();
    let at = upTo(committed + 1);
    while (membership.current && at < log.records.length) {
      const records = membership.take(log, at, 1 + upTo(BATCH_ROWS_MAX));
      const isFrozen = upTo(8) === 0;
      const writing = write(writer, records);
      if (isFrozen) {
        // Somebody else has the partition while this one is still at it.
        count(parts.seen, 'frozen');
        membership.current = false;
        frozen.push(writing);
        writer = await createWriter(parts, log, choose);
      } else if (await writing) {
        at += records.length;
        committed = Math.max(committed, at);
        membership.current = upTo(6) > 0;
      } else {
        membership.current = false;
      }
    }
    if (upTo(3) === 0) writer = await createWriter(parts, log, choose);
  }
  await Promise.all(frozen);
}

/** Each kind of fault in its turn, so that none is missing in the end. */
async function makeReady(
  { setting: { client }, front }: Parts,
  history: number,
  { upTo, among }: Choices,
): Promise<void> {
  await client.query(`truncate afterglow.fraud, afterglow_internal.state_fraud, planned,
      afterglow_internal.written_outcomes, afterglow_internal.late_keys;
    update afterglow_internal.truncate_fences set epoch = 0, commit_lsn = '0/0', event_index = 0;
    alter sequence calls restart`);
  const place = (): number => 1 + upTo(among([FEW, MANY]));
  for (const fault of Array.from({ length: 1 + upTo(3) }).keys()) {
    await client.query('insert into planned values ($1, $2) on conflict do nothing', [
      fault === 0 ? 1 + upTo(FEW) : place(),
      STATES[(history + fault) % STATES.length],
    ]);
  }
  for (let fault = upTo(3); fault > 0; fault -= 1) {
    front.cut(place(), (history + fault) % 2 === 0 ? 'question' : 'answer');
  }
}

async function requireStanding({ setting: { client } }: Parts, log: Log): Promise<void> {
  const wanted = standingOf(log);
  expect((await client.query(STATES_SHOWN)).rows).toEqual(statesOf(wanted));
  expect((await client.query('select id, score from afterglow.fraud order by id')).rows).toEqual(
    wanted.flatMap(([id, outcome]) =>
      outcome.status === 'scored' ? [{ id, score: String(outcome.result.score) }] : [],
    ),
  );
  const refused = `select key_id as id from afterglow_internal.state_fraud where failure_code = '${REFUSED_CODE}' and status <> 'deleted'`;
  expect((await client.query(`${refused} order by 1`)).rows).toEqual(
    wanted.flatMap(([id, outcome]) => (isRefusal(outcome) ? [{ id }] : [])),
  );
  const noted = 'select topic, next_offset::int4 as next from afterglow_internal.written_outcomes';
  expect((await client.query(noted)).rows).toEqual(
    [...log.topicIds.keys()].map((topic) => ({ topic, next: log.records.length })),
  );
}

/** Nothing but what was refused, and all of it that no newer outcome has taken the place of. */
function requireArchived(log: Log, offsets: ReadonlySet<string>): void {
  const refusals = standingOf(log).flatMap(([, outcome]) => (isRefusal(outcome) ? [outcome] : []));
  for (const [offset, { event, isRefused }] of log.records.entries()) {
    const isArchived = offsets.has(String(offset));
    if (isArchived) expect(isRefused, `record ${offset} of ${log.topic} is archived`).toBe(true);
    const isToBe = refusals.some(
      ({ source, revision }) => source === event?.source && revision === event.revision,
    );
    if (event === undefined || isToBe) expect(isArchived, `record ${offset} of ${log.topic}`).toBe(true);
  }
}

test(`batches cut short, refused, tried again and taken over in random histories: the tables end as the fence says (seed ${SEED})`, async () => {
  const pipeline = uniquePipelineName();
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const letters = deadTopic(pipeline, FRAUD.enrichment);
  const admin = await connectKafkaAdmin(kafka);
  await admin.createTopics([{ topic: letters, partitions: 1, settings: {} }]);
  await admin.close();
  await using cleanup = new AsyncDisposableStack();
  const setting = cleanup.use(await setUp(FRAUD));
  await setting.client.query(`${FAULTS}; ${REFUSES}`);
  const producer = cleanup.use(await connectProducer(kafka));
  const front = cleanup.use(await cuttingFront(setting.url));
  const pool = createPool({
    url: front.url,
    applicationName: 'batches-test',
    connectionsMax: CONNECTIONS_MAX,
  });
  cleanup.defer(() => pool.end());
  const seen = new Map<string, number>();
  const parts: Parts = { pipeline, setting, front, pool, producer, seen };
  const logs: Log[] = [];
  for (let history = 0; history < HISTORIES; history += 1) {
    const choose = choices(SEED * HISTORIES + history);
    const log = createLog(enrichedTopic(pipeline, `history_${history}`), choose);
    logs.push(log);
    await makeReady(parts, history, choose);
    await passThrough(parts, log, choose);
    front.spare();
    await requireStanding(parts, log);
  }
  const places = (await readTopic(letters)).map(
    ({ value }) => (JSON.parse(String(value)) as DeadLetter).original,
  );
  const archived = Map.groupBy(places, ({ topic }) => topic);
  for (const log of logs)
    requireArchived(log, new Set(archived.get(log.topic)?.map(({ offset }) => String(offset))));
  // Or else nothing was shown.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([...STATES, 'connection', 'abandoned', 'frozen']));
  expect(Object.values(front.cuts).every((cuts) => cuts > 0)).toBe(true);
}, 400_000);
