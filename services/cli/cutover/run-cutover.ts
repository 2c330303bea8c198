import type { Definition } from '../../../shared/config/definition.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectKafkaAdmin } from '../../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import { finishCutover, readMoving } from '../../../shared/side-tables/cutovers.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { rememberGroupOffsets } from '../../../shared/side-tables/known-groups.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { verifyRegistered } from '../../../shared/side-tables/revisions.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { followJob } from '../backfill/follow-job.ts';
import { requireDefinition, requirePair } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { chooseParts } from '../settings.ts';
import { listenForInterruption } from '../up/interruption.ts';
import { formatCount } from '../view/numbers.ts';
import { requireEmptyAudit } from './audit-shadow.ts';
import { exchange } from './exchange.ts';
import { type MovedGroup, moveOffsets } from './move-offsets.ts';

export interface CutoverOptions {
  readonly detach?: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

const WAIT_DEFAULT_MS = 60_000;
/** The audit reads whole tables, and an index may be waited for. */
const STATEMENT_TIMEOUT_MS = 600_000;
const INTERRUPTED = 130;

/** The shadow becomes what counts, and what counted becomes its shadow. */
export async function runCutover(
  invocation: Invocation,
  options: CutoverOptions,
  operands: readonly string[],
): Promise<number> {
  const { output } = invocation;
  const written = await requireDefinition(invocation);
  const enrichment = requirePair(written, onlyOperand(operands, 'The enrichment'));
  const { databaseUrl: url, brokers } = chooseParts(invocation);
  await using cleanup = new AsyncDisposableStack();
  const client = await connectDatabase({
    url,
    applicationName: 'afterglow cutover',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    refusesRowSecurity: true,
  });
  cleanup.defer(() => client.end());
  const logger = createLogger('cutover', invocation.logLevel ?? 'silent');
  const settings = { brokers, clientId: `${written.pipeline}.cutover`, logger };
  const kafka = await connectKafkaAdmin(settings);
  cleanup.defer(() => kafka.close());
  using interruption = listenForInterruption(() => process.exit(INTERRUPTED));
  const { signal } = interruption;
  const waitMs = options.wait ?? WAIT_DEFAULT_MS;
  await verifyRegistered(client, written);
  if ((await readMoving(client)).has(enrichment)) {
    output.note(`${enrichment} and its shadow have changed places already; what is left of it goes on.`);
  } else {
    const definition = await readDefinitionInForce(client, written);
    const shadow = shadowOf(enrichment);
    const { rows } = await requireEmptyAudit({
      client,
      kafka: settings,
      definition,
      shadow,
      waitMs,
      signal,
    });
    if (!output.isJson) output.line(`${shadow}: ${formatCount(rows)} rows audited, nothing is wrong.`);
    await requireConsent(invocation, enrichment);
    await exchange(client, kafka, written, enrichment);
    if (!output.isJson) output.line(`View, functions and tables of ${enrichment} are the new ones.`);
  }
  const definition = await readDefinitionInForce(client, written);
  const moved = await moveOffsets({ kafka, definition, enrichment, waitMs, signal });
  const job = await finish(client, definition, enrichment, moved);
  if (output.isJson) output.json({ event: 'cut_over', enrichment, job });
  else output.line(`Cut over. Job ${job} publishes its results on the topic, without a call.`);
  return options.detach === true ? 0 : await followJob(invocation, client, job);
}

async function requireConsent(invocation: Invocation, enrichment: string): Promise<void> {
  const what = `${shadowOf(enrichment)} will be what ${enrichment} is, for every reader of its results`;
  if (await isConfirmed(invocation, `${what}. Go on?`)) return;
  throw new AfterglowError('consent_missing', `${what}; nobody agreed to that.`);
}

/** Offsets are where they belong: whoever waits goes on, and what the tables hold goes out on the topic. */
async function finish(
  client: DatabaseClient,
  definition: Definition,
  enrichment: string,
  moved: readonly MovedGroup[],
): Promise<string> {
  const table = definition.sources[definition.enrichments[enrichment]?.from ?? '']?.table;
  if (table === undefined) throw new RangeError(`no source of ${enrichment}`);
  await client.query('begin');
  try {
    for (const { group, topic, offsets } of moved) {
      const remembered = [...offsets].map(([partition, offset]) => ({ topic, partition, offset }));
      await rememberGroupOffsets(client, group, remembered);
    }
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'redecide',
      enrichments: [enrichment],
      estimatedRows: await plannedRows(client, table),
    });
    await finishCutover(client, enrichment, job);
    await client.query('commit');
    return job;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
