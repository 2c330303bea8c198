// A database with two source tables, a Kafka, and `init` to be run on them.
import { pino } from 'pino';
import { applyInit } from '../../services/cli/init/apply.ts';
import type { InitOptions } from '../../services/cli/init/plan.ts';
import { initTopics } from '../../services/cli/init/topics.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient, quoteIdentifier } from '../../shared/postgres/connect.ts';
import { brokers, createDatabase, type TestDatabase, uniquePipelineName } from './stack.ts';

const TABLES = `
  create type kind as enum ('purchase', 'refund');
  create table transactions (id bigint generated always as identity primary key, kind kind not null, amount numeric(12,2) not null,
    card_last4 char(4) not null, note varchar(40), occurred_at timestamptz not null default now());
  create table reviews (product text, number integer, body text not null, primary key (product, number));`;

export interface Changes {
  readonly exclude?: string;
  readonly version?: string;
  readonly rows?: number;
  readonly outputs?: string;
  readonly partitions?: number;
  readonly more?: string;
}

export function definitionOf(pipeline: string, changes: Changes = {}): Definition {
  const { exclude = '[card_last4]', version = '1', rows = 100, outputs = '{ score: float }' } = changes;
  const text = `
version: 1
pipeline: ${pipeline}
sources:
  transactions: { table: public.transactions, exclude: ${exclude}, partitions: ${changes.partitions ?? 2} }
  reviews: { table: public.reviews, partitions: 2 }
enrichments:
  fraud:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud, version: "${version}", batch: { rows: ${rows} } }
    input: [amount]
    output: ${outputs}
  sentiment:
    from: reviews
    model: { kind: comprehend }
    input: [body]
${changes.more ?? ''}`;
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(JSON.stringify(mistakes));
  return definition;
}

export interface InitSetting extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly client: DatabaseClient;
  readonly kafka: KafkaAdmin;
  readonly pipeline: string;
  readonly definition: Definition;
  init(changes?: Changes, more?: Partial<InitOptions>): Promise<string[]>;
}

export async function setUp(version: 16 | 18 = 18, tables = TABLES): Promise<InitSetting> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase(version));
  const client = await connectDatabase({ url: database.url, applicationName: 'init-test' });
  cleanup.defer(() => client.end());
  const logger = pino({ level: 'silent' });
  const kafka = await connectKafkaAdmin({ brokers: brokers().split(','), clientId: 'init-test', logger });
  cleanup.defer(() => kafka.close());
  await client.query(tables);
  const pipeline = uniquePipelineName();
  const definition = definitionOf(pipeline);
  cleanup.defer(async () => {
    // Roles and topics outlive a database.
    await client.query(
      'drop schema if exists afterglow cascade; drop schema if exists afterglow_internal cascade',
    );
    for (const role of ['reader', 'enricher', 'writer', 'viewer']) {
      const name = quoteIdentifier(`${pipeline}_${role}`);
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [
        `${pipeline}_${role}`,
      ]);
      if (rowCount === 1) await client.query(`drop owned by ${name}; drop role ${name}`);
    }
    await kafka.deleteTopics(initTopics(definition).map(({ topic }) => topic));
  });
  const disposal = cleanup.move();
  return {
    database,
    client,
    kafka,
    pipeline,
    definition,
    async init(changes, more) {
      const options = { definition: definitionOf(pipeline, changes), ...more };
      return (await applyInit(client, kafka, options)).steps.map(({ title }) => title);
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

export const rolesOf = async (client: DatabaseClient, pipeline: string): Promise<unknown[]> =>
  (await client.query('select rolname from pg_roles where starts_with(rolname, $1)', [`${pipeline}_`])).rows;
