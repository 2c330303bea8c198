// All services as processes on a Kafka of their own, started again whenever they end, with rows that change all the while.
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { type Kafka, startKafka } from '../../deploy/local/kafka.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { runProgram } from '../../services/cli/program.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { type AuditSaid, audit } from './audited.ts';
import { startChild, type TestChild } from './child.ts';
import { projectFolder } from './project-folder.ts';
import { seededRandom } from './random-workload.ts';
import { createDatabase, uniquePipelineName } from './stack.ts';
import { until } from './wait.ts';

export const SERVICES = ['reader', 'enricher fraud', 'enricher sentiment', 'writer'] as const;
export type Service = (typeof SERVICES)[number];

/** What each says once it works. */
const WORKING: Readonly<Record<Service, RegExp>> = {
  reader: /"msg":"streaming"/,
  'enricher fraud': /"msg":"enriching"/,
  'enricher sentiment': /"msg":"enriching"/,
  writer: /"msg":"writing"/,
};

const TABLE =
  'create table payments (id bigint primary key, amount float8 not null, place text not null, note text not null)';

const definitionText = (pipeline: string): string => `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: 3 }
enrichments:
  fraud:
    from: payments
    when: place != "cash desk"
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1", batch: { rows: 20, wait: 10ms } }
    input:
      - amount
      - attempts: "1"
      - present: "1"
      - hour: "12"
      - distance: "-1"
      - place: code(place, ["shop", "web"])
    output: { score: float }
  sentiment:
    from: payments
    when: size(note) > 10
    model: { kind: comprehend, language: { detect: never, fallback: en }, rate: 10/s }
    input: [note]
`;

const WORKING_MAX_MS = 120_000;
const WRITERS = 6;

export interface FaultRun extends AsyncDisposable {
  readonly client: DatabaseClient;
  readonly awsLocal: AwsLocal;
  /** The process that has the service now. */
  child(service: Service): TestChild;
  /** Resolves when the service works, started again if it has to be. */
  working(service: Service): Promise<void>;
  /** From now on another process has it; whoever had it is left as it is. */
  replace(service: Service): TestChild;
  /** Kafka ends as a machine that loses its power, and comes back. */
  restartKafka(): Promise<void>;
  /** Rows change from many connections until it is disposed; then it says how many transactions there were. */
  change(seed: number): AsyncDisposable & { readonly commits: number };
  /** By the program as it is, whatever runs. */
  audit(): Promise<AuditSaid>;
}

/** `root` holds the program that the services run: this checkout, or a copy of it with something broken. */
export async function startFaultRun(root: string = resolve('.')): Promise<FaultRun> {
  await using cleanup = new AsyncDisposableStack();
  const project = cleanup.use(projectFolder());
  const { folders } = project;
  let kafka: Kafka = await startKafka({ folders, port: 0, progress: () => {} });
  const { brokers, port } = kafka;
  const database = cleanup.use(await createDatabase());
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  await client.query(TABLE);
  const text = definitionText(uniquePipelineName());
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const file = join(project.path, 'afterglow.yaml');
  writeFileSync(file, text);
  const admin = await connectKafkaAdmin({
    brokers: [brokers],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  await applyInit(client, admin, { definition });
  await admin.close();
  const awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  cleanup.defer(() => awsLocal.close());
  const environment = {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: brokers,
    AFTERGLOW_AWS_LOCAL_URL: awsLocal.url,
    AFTERGLOW_HTTP_PORT: '0',
    NO_COLOR: '1',
  };

  const ending = new AbortController();
  const all: TestChild[] = [];
  const current = new Map<Service, TestChild>();
  const keepers: Promise<void>[] = [];
  const start = async (service: Service): Promise<TestChild> => {
    const child = await startChild(
      join(root, 'services/cli/main.ts'),
      ['--config', file, ...service.split(' ')],
      { environment },
    );
    all.push(child);
    current.set(service, child);
    return child;
  };
  /** Whoever holds the service is followed by another as soon as it has ended. */
  const keep = async (service: Service, first: TestChild): Promise<void> => {
    for (let child = first; ; child = await start(service)) {
      await child.ended;
      if (ending.signal.aborted || current.get(service) !== child) return;
    }
  };
  cleanup.defer(async () => {
    ending.abort();
    for (const child of all) child.kill('SIGKILL');
    await Promise.all(keepers);
    await Promise.all(all.map((child) => child[Symbol.asyncDispose]()));
    await kafka.stop();
  });
  for (const service of SERVICES) keepers.push(keep(service, await start(service)));
  const held = (service: Service): TestChild => {
    const child = current.get(service);
    if (child === undefined) throw new Error(`${service} was never started`);
    return child;
  };
  const disposal = cleanup.move();
  return {
    client,
    awsLocal,
    child: held,
    async working(service) {
      const isWorking = (): boolean =>
        held(service).end === undefined && WORKING[service].test(held(service).output);
      await until(isWorking, {
        deadlineMs: WORKING_MAX_MS,
        what: `${service} to work`,
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; its output:\n${held(service).output}`);
      });
    },
    replace: (service) => {
      const former = held(service);
      // The keeper of the former goes when it sees that it is not the holder any more.
      current.delete(service);
      keepers.push(start(service).then((child) => keep(service, child)));
      return former;
    },
    async restartKafka() {
      process.kill(kafka.identity.pid, 'SIGKILL');
      await kafka.ended;
      kafka = await startKafka({ folders, port, progress: () => {} });
    },
    change: (seed) => disposal.use(changes(database.url, seed)),
    audit: async () =>
      await audit(
        {
          run: async (...words) => await said(words, file, environment, project.path),
          [Symbol.asyncDispose]: async () => {},
        },
        '--wait',
        '3m',
      ),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

async function said(
  words: readonly string[],
  file: string,
  environment: Readonly<Record<string, string>>,
  folder: string,
) {
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  const into = (kept: Buffer[]): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        kept.push(chunk);
        done();
      },
    });
  const status = await runProgram(['--config', file, ...words], {
    environment,
    folder,
    standardOutput: into(out),
    standardError: into(error),
  });
  const bytes = Buffer.concat(out);
  return { status, out: bytes.toString(), error: Buffer.concat(error).toString(), bytes };
}

function changes(url: string, seed: number): AsyncDisposable & { readonly commits: number } {
  const stopping = new AbortController();
  const counts = { commits: 0, lastId: 0 };
  const writing = Promise.all(
    Array.from({ length: WRITERS }, (_, writer) => write(url, seed * 100 + writer, counts, stopping.signal)),
  );
  writing.catch(() => {});
  return {
    get commits() {
      return counts.commits;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await writing;
    },
  };
}

const PLACES = ['shop', 'web', 'cash desk'];
const NOTES = ['', 'short', 'everything was as it should be', 'it broke at once, what a waste'];
const PAUSE_MAX_MS = 60;
/** Transactions lie open beside each other, so that one's end in the log is often the next one's. */
const OPEN_MAX_MS = 20;

/** Mostly new rows, which nothing later can put right; of the others updates, also such that `when` sees, and deletes. */
async function write(
  url: string,
  seed: number,
  counts: { commits: number; lastId: number },
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed);
  const client = await connectDatabase({ url, applicationName: 'test writer' });
  const some = (): number => 1 + Math.floor(random() * counts.lastId);
  const one = (texts: readonly string[]): string => texts[Math.floor(random() * texts.length)] ?? '';
  try {
    do {
      const kind = random();
      await client.query('begin');
      if (kind < 0.6) {
        const id = ++counts.lastId;
        await client.query('insert into payments values ($1, $2, $3, $4)', [
          id,
          Math.round(random() * 1_000),
          one(PLACES),
          one(NOTES),
        ]);
      } else if (kind < 0.8)
        await client.query('update payments set amount = amount + 1 where id = $1', [some()]);
      else if (kind < 0.87)
        await client.query('update payments set place = $2 where id = $1', [some(), one(PLACES)]);
      else if (kind < 0.94)
        await client.query('update payments set note = $2 where id = $1', [some(), one(NOTES)]);
      else await client.query('delete from payments where id = $1', [some()]);
      await pause(random() * OPEN_MAX_MS, signal);
      await client.query('commit');
      counts.commits++;
    } while (await pause(random() * PAUSE_MAX_MS, signal));
  } finally {
    await client.end();
  }
}

/** A copy of the program in which one place says something else. */
export function brokenProgram(
  folder: string,
  change: { readonly file: string; readonly says: string; readonly instead: string },
): string {
  const root = join(folder, 'broken');
  for (const name of ['services', 'shared', 'deploy', 'package.json']) {
    cpSync(resolve(name), join(root, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  const place = join(root, change.file);
  const parts = readFileSync(place, 'utf8').split(change.says);
  if (parts.length !== 2) {
    throw new Error(`${change.file} says ${JSON.stringify(change.says)} ${parts.length - 1} times, not once`);
  }
  writeFileSync(place, parts.join(change.instead));
  return root;
}
