// Set-up and its removal, each in one transaction: it happens as a whole or not at all.
import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { INIT_LOCK } from '../../../shared/side-tables/names.ts';
import { lacksText, requirePrivileges } from './checks.ts';
import { type InitOptions, planInit } from './plan.ts';
import { planRemove } from './remove.ts';
import { type InitState, readInitState, readTopics } from './state.ts';
import type { InitPlan, InitStep } from './step.ts';

/** Told of each step before it runs. */
export type OnStep = (step: InitStep, number: number, count: number) => void;

/** For the connection: indexes over what is there take as long as they take. */
export const SET_UP_TIMEOUT_MS = 0;
/** Another set-up may take its time; the application's queries must not wait behind ours for long. */
const OTHER_INIT_TIMEOUT_MS = 120_000;
const LOCK_TIMEOUT_MS = 15_000;

/** What set-up would do now, and in the notes what the connected role may not do of it. Changes nothing. */
export async function previewInit(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  options: InitOptions,
): Promise<InitPlan> {
  const state = await readState(client, kafka, options.definition);
  const plan = planInit(options, state);
  if (plan.lacks.length === 0) return plan;
  return { ...plan, notes: [...plan.notes, lacksText(plan.lacks, state.server)] };
}

/** What removal would do now. Changes nothing. */
export async function previewRemove(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  options: Pick<InitOptions, 'definition'>,
): Promise<InitPlan> {
  return planRemove(options.definition, await readState(client, kafka, options.definition));
}

/**
 * Sets up database and topics, and returns what it did: no step when all was as it should be.
 * @throws AfterglowError with the fix; the database is then as it was
 */
export async function applyInit(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  options: InitOptions,
  onStep: OnStep = () => {},
): Promise<InitPlan> {
  return await applyPlan(client, kafka, options, (state) => planInit(options, state), onStep);
}

/**
 * What set-up makes of the database, but for its budget, in a transaction that `before` has changed it in. Nobody waits for
 * Kafka behind what `before` locks: it is read earlier, and nothing may be left to do there.
 * @throws AfterglowError with the fix; the database is then as it was
 */
export async function applyAfter(
  before: () => Promise<void>,
  client: DatabaseClient,
  kafka: KafkaAdmin,
  options: InitOptions,
): Promise<InitPlan> {
  const planOf = (state: InitState): InitPlan =>
    withoutKafka(planInit({ ...options, keepsBudget: true }, state));
  return await applyPlan(client, kafka, options, planOf, () => {}, before);
}

/** @throws AfterglowError */
function withoutKafka(plan: InitPlan): InitPlan {
  const other = plan.steps.find(({ kind }) => kind !== 'sql');
  if (other === undefined) return plan;
  throw new AfterglowError(
    'revision_unregistered',
    `Kafka is not set up for the definition: ${other.title}.`,
    {
      remedy: 'Run `afterglow init` first.',
    },
  );
}

/**
 * Takes everything away that set-up and the services made, the results with it.
 * @throws AfterglowError with the fix; the database is then as it was
 */
export async function applyRemove(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  options: Pick<InitOptions, 'definition'>,
  onStep: OnStep = () => {},
): Promise<InitPlan> {
  return await applyPlan(client, kafka, options, (state) => planRemove(options.definition, state), onStep);
}

async function readState(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  definition: Definition,
): Promise<InitState> {
  return await readInitState(client, await readTopics(kafka, definition), definition);
}

async function applyPlan(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  { definition }: Pick<InitOptions, 'definition'>,
  planOf: (state: InitState) => InitPlan,
  onStep: OnStep,
  before: () => Promise<void> = async () => {},
): Promise<InitPlan> {
  await client.query('begin');
  try {
    await client.query(
      `set local statement_timeout = ${SET_UP_TIMEOUT_MS}; set local lock_timeout = ${OTHER_INIT_TIMEOUT_MS}`,
    );
    await client.query('select pg_advisory_xact_lock($1)', [INIT_LOCK]);
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const topics = await readTopics(kafka, definition);
    await before();
    const state = await readInitState(client, topics, definition);
    const plan = planOf(state);
    requirePrivileges(plan.lacks, state.server);
    for (const [index, step] of plan.steps.entries()) {
      onStep(step, index + 1, plan.steps.length);
      await runStep(client, kafka, step);
    }
    // Topics before the commit: when Kafka breaks off, the database is as it was, and what Kafka has is found next time.
    await fitTopics(kafka, plan);
    await client.query('commit');
    return plan;
  } catch (error) {
    // A connection that is gone has rolled back by itself.
    await client.query('rollback').catch(() => {});
    throw explained(error);
  }
}

async function runStep(client: DatabaseClient, kafka: KafkaAdmin, step: InitStep): Promise<void> {
  if (step.kind === 'sql') {
    for (const statement of step.statements) await client.query(statement);
  } else if (step.kind === 'remove_topics') {
    await kafka.deleteTopics(step.names);
  } else if (step.kind === 'remove_groups') {
    await removeGroups(kafka, step.names);
  }
}

/** All at once: the brokers take as long for one as for many. */
async function fitTopics(kafka: KafkaAdmin, plan: InitPlan): Promise<void> {
  const topics = plan.steps.flatMap((step) => (step.kind === 'topic' ? [step.topic] : []));
  if (topics.length > 0) await kafka.createTopics(topics);
  const settings = plan.steps.filter((step) => step.kind === 'topic_settings');
  if (settings.length > 0) await kafka.alterTopics(settings);
  for (const step of plan.steps) {
    if (step.kind === 'group_start') await kafka.startAtEnd(step.group, step.topic);
  }
}

async function removeGroups(kafka: KafkaAdmin, groups: readonly string[]): Promise<void> {
  try {
    await kafka.deleteGroups(groups);
  } catch (cause) {
    throw new AfterglowError(
      'services_running',
      `A consumer group of ${groups.join(', ')} is still in use.`,
      {
        cause,
      },
    );
  }
}

const LOCK_NOT_AVAILABLE = '55P03';
const DEPENDENT_OBJECTS = '2BP01';
/** A view selects what would have to be altered. */
const USED_COLUMN = '0A000';
const OBJECT_IN_USE = '55006';
const INSUFFICIENT_PRIVILEGE = '42501';

function explained(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  const detail = error instanceof Error && 'detail' in error ? String(error.detail ?? '') : '';
  const said = detail === '' ? `${message}.` : `${message}:\n${detail}`;
  switch (sqlState(error)) {
    case LOCK_NOT_AVAILABLE:
      return new AfterglowError('set_up_blocked', undefined, { cause: error });
    case DEPENDENT_OBJECTS:
    case USED_COLUMN:
      return new AfterglowError('others_depend', said, { cause: error });
    case OBJECT_IN_USE:
      return new AfterglowError('services_running', said, { cause: error });
    case INSUFFICIENT_PRIVILEGE:
      return new AfterglowError('privileges_missing', said, { cause: error });
    default:
      return error;
  }
}
