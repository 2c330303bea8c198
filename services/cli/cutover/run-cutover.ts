import type { Definition } from '../../../shared/config/definition.ts';
import { revisionContent } from '../../../shared/config/revision.ts';
import { shadowedBy, shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readLastJob, readMoving } from '../../../shared/side-tables/cutovers.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { readRevisions, verifyPipeline, verifyRegistered } from '../../../shared/side-tables/revisions.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { followJob } from '../backfill/follow-job.ts';
import { requireDefinition, requireEnrichment, requirePair } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { chooseParts } from '../settings.ts';
import { listenForInterruption } from '../up/interruption.ts';
import { formatCount } from '../view/numbers.ts';
import { requireEmptyAudit } from './audit-shadow.ts';
import { requireNoDependents } from './dependents.ts';
import { type AgreedRevisions, exchange, readAgreed } from './exchange.ts';
import { finish } from './finish.ts';
import { modelText } from './model-text.ts';
import { type GroupPlace, moveOffsets } from './move-offsets.ts';
import { recordLossesOf } from './record-losses.ts';
import { requireScores } from './unscored.ts';

export interface CutoverOptions {
  readonly back?: boolean;
  readonly detach?: boolean;
  readonly unscoredMax?: number;
  /** Milliseconds. */
  readonly wait?: number;
}

const WAIT_DEFAULT_MS = 60_000;
/** The audit reads whole tables, and an index may be waited for. */
const STATEMENT_TIMEOUT_MS = 600_000;
const INTERRUPTED = 130;

interface CutOver {
  readonly invocation: Invocation;
  readonly options: CutoverOptions;
  readonly client: DatabaseClient;
  readonly settings: KafkaSettings;
  readonly kafka: KafkaAdmin;
  /** The file's. */
  readonly written: Definition;
  readonly enrichment: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** What the file calls the shadow becomes what counts, and what counted becomes its shadow; with `back` the other way round. */
export async function runCutover(
  invocation: Invocation,
  options: CutoverOptions,
  operands: readonly string[],
): Promise<number> {
  const written = await requireDefinition(invocation);
  const operand = onlyOperand(operands, 'The enrichment');
  const enrichment = shadowedBy(operand) ?? operand;
  requireEnrichment(written, enrichment);
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
  const cutOver = { invocation, options, client, settings, kafka, written, enrichment, waitMs, signal };
  if ((await readMoving(client)).has(enrichment)) {
    await verifyPipeline(client, written);
    invocation.output.note(
      `${enrichment} and its shadow have changed places already; what is left of it goes on.`,
    );
    const status = await goOn(cutOver);
    if (await isInForce(cutOver)) return status;
    throw new AfterglowError(
      'cutover_refused',
      'What was left of an earlier cut-over is done; it went the other way.',
      {
        remedy: 'Run the same command again.',
      },
    );
  }
  requirePair(written, enrichment);
  await verifyRegistered(client, written);
  if (await isInForce(cutOver)) return await already(cutOver);
  await begin(cutOver);
  return await goOn(cutOver);
}

/** Whether what is to count does so already, as after a command that was given twice. */
async function isInForce({ client, written, enrichment, options }: CutOver): Promise<boolean> {
  const wanted = options.back === true ? enrichment : shadowOf(enrichment);
  if (written.enrichments[wanted] === undefined) return true;
  const registered = await readRevisions(client);
  return registered.get(enrichment)?.sha256 === revisionContent(written, wanted).sha256;
}

async function already({ invocation, client, written, enrichment, options }: CutOver): Promise<number> {
  const { output } = invocation;
  const inForce = await readDefinitionInForce(client, written);
  const [as, way] = options.back === true ? [enrichment, 'without'] : [shadowOf(enrichment), 'with'];
  if (output.isJson) output.json({ event: 'already_cut_over', enrichment });
  else {
    output.line(
      `${enrichment} is already ${modelText(inForce.enrichments[enrichment])}, which the definition has as ${as}: nothing was changed. The other way round is the same command ${way} --back.`,
    );
  }
  const job = await readLastJob(client, enrichment);
  const isOpen = job !== undefined && (await readRedoJob(client, job))?.finishedAt === null;
  return isOpen && options.detach !== true ? await followJob(invocation, client, job) : 0;
}

/** Asked first, so that nothing is waited for between the audit and what it is for. */
async function begin(cutOver: CutOver): Promise<void> {
  const { invocation, options, client, kafka, settings, written, enrichment, waitMs, signal } = cutOver;
  const { output } = invocation;
  const shadow = shadowOf(enrichment);
  for (const index of await requireNoDependents(client, enrichment)) {
    output.note(`${index} stays with the model that it was made for.`);
  }
  const agreed = await readAgreed(client, enrichment);
  const definition = await readDefinitionInForce(client, written);
  await requireConsent(invocation, definition, enrichment, agreed);
  const { rows } = await requireEmptyAudit({ client, kafka: settings, definition, shadow, waitMs, signal });
  await requireScores(client, enrichment, options.unscoredMax ?? 0);
  if (!output.isJson) output.line(`${shadow}: ${formatCount(rows)} rows audited, nothing is wrong.`);
  await exchange(client, kafka, written, enrichment, agreed);
  if (!output.isJson) output.line(`View, functions and tables of ${enrichment} are the new ones.`);
}

async function goOn({
  invocation,
  options,
  client,
  kafka,
  written,
  enrichment,
  waitMs,
  signal,
}: CutOver): Promise<number> {
  const { output } = invocation;
  const definition = await readDefinitionInForce(client, written);
  const onLags = async (place: GroupPlace): Promise<void> => {
    for (const { detail } of await recordLossesOf(client, definition, enrichment, place)) output.note(detail);
  };
  const moved = await moveOffsets({ kafka, definition, enrichment, waitMs, signal, onLags });
  const job =
    (await finish(client, definition, enrichment, moved)) ?? (await readLastJob(client, enrichment));
  if (job === undefined) throw new RangeError(`the cut-over of ${enrichment} has no job`);
  if (output.isJson) output.json({ event: 'cut_over', enrichment, job });
  else output.line(`Cut over. Job ${job} publishes its results on the topic, without a call.`);
  return options.detach === true ? 0 : await followJob(invocation, client, job);
}

async function requireConsent(
  invocation: Invocation,
  { enrichments }: Definition,
  enrichment: string,
  { counting, shadow }: AgreedRevisions,
): Promise<void> {
  const becomes = `${modelText(enrichments[shadowOf(enrichment)])} (revision ${shadow})`;
  const was = `${modelText(enrichments[enrichment])} (revision ${counting})`;
  const what = `${enrichment} will be ${becomes} instead of ${was}, for every reader of its results`;
  if (await isConfirmed(invocation, `${what}. Go on?`)) return;
  throw new AfterglowError('consent_missing', `${what}; nobody agreed to that.`);
}
