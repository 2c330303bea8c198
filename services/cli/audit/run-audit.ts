import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { verifyRegistered } from '../../../shared/side-tables/revisions.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { requireConsent } from '../backfill/consent.ts';
import { followJob } from '../backfill/follow-job.ts';
import { jobJson } from '../backfill/job-lines.ts';
import { priceOfKeys } from '../cost/estimate-cost.ts';
import { requireDefinition, requireSource } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { awsModeOf, chooseParts } from '../settings.ts';
import { listenForInterruption } from '../up/interruption.ts';
import { LiveScreen } from '../view/live-screen.ts';
import { formatCount } from '../view/numbers.ts';
import { type Audited, auditJson, auditLines, progressLine, wrongRows } from './audit-lines.ts';
import { readAudited, wrongKeysOf } from './findings.ts';
import { recordAudits } from './record-audits.ts';
import { createRepairJob } from './repair.ts';
import { type Scanned, scan, xidSince } from './scan.ts';
import { type Settling, settle } from './settle.ts';
import { CREATE_SUSPECTS, wrongKeys } from './statements.ts';
import { readSubjects, type Subject } from './subject.ts';

export interface AuditOptions {
  /** Milliseconds. */
  readonly since?: number;
  /** Milliseconds. */
  readonly wait?: number;
  readonly repair?: boolean;
}

const WAIT_DEFAULT_MS = 60_000;
const FOUND_SOMETHING = 1;
const INTERRUPTED = 130;
/** A statement is a stretch at most, but the table may have no statistics yet. */
const STATEMENT_TIMEOUT_MS = 600_000;

interface Auditing extends Omit<Settling, 'deadlineMs'> {
  /** As it is in force. */
  readonly definition: Definition;
  readonly invocation: Invocation;
  readonly client: DatabaseClient;
  readonly options: AuditOptions;
}

export async function runAudit(
  invocation: Invocation,
  options: AuditOptions,
  operands: readonly string[],
): Promise<number> {
  const definition = await requireDefinition(invocation);
  const sources = chosenSources(definition, operands);
  const { databaseUrl: url, brokers } = chooseParts(invocation);
  const client = await connectDatabase({
    url,
    applicationName: 'afterglow audit',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    // A row that a policy hides would pass for one that is gone.
    refusesRowSecurity: true,
  });
  using interruption = listenForInterruption(() => process.exit(INTERRUPTED));
  invocation.output.onClosed(() => interruption.end());
  const { pipeline } = definition;
  const logger = createLogger('audit', invocation.logLevel ?? 'silent');
  const kafka = { brokers, clientId: `${pipeline}.audit`, logger };
  const { signal } = interruption;
  try {
    await verifyRegistered(client, definition);
    const inForce = await readDefinitionInForce(client, definition);
    const auditing: Auditing = { definition: inForce, invocation, client, options, kafka, pipeline, signal };
    const subjects = await readSubjects(client, inForce, sources);
    const found = await audit(auditing, subjects);
    const left = options.repair === true ? await repair(auditing, subjects, found) : found;
    await record(auditing, left);
    return left.some((each) => wrongRows(each) > 0 || each.waiting > 0) ? FOUND_SOMETHING : 0;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    await client.end();
  }
}

/** For `status` and `doctor`. */
async function record(
  { client, invocation, options: { since } }: Auditing,
  audited: readonly Audited[],
): Promise<void> {
  if (await recordAudits(client, audited, since)) return;
  invocation.output.note(
    'status and doctor will not show this audit: its table is not there (`afterglow init`), or this role may not write to it.',
  );
}

function chosenSources(definition: Definition, operands: readonly string[]): readonly string[] {
  const [source, surplus] = operands;
  if (surplus !== undefined) throw new AfterglowError('usage', `One source at a time: what is "${surplus}"?`);
  if (source === undefined) return Object.keys(definition.sources);
  requireSource(definition, source);
  return [source];
}

/** Everything once, then what seems wrong until it is clear. */
async function audit(auditing: Auditing, subjects: readonly Subject[]): Promise<readonly Audited[]> {
  const { client, invocation } = auditing;
  const beganAtMs = performance.now();
  await client.query(CREATE_SUSPECTS);
  const scanned = new Map<Subject, Scanned>();
  for (const subject of subjects) scanned.set(subject, await scanWithProgress(auditing, subject));
  const audited = await settled(auditing, scanned);
  for (const [place, subject] of subjects.entries()) {
    const each = audited[place];
    if (each !== undefined) await tell(invocation, client, subject, each, performance.now() - beganAtMs);
  }
  return audited;
}

const SINCE_UNKNOWN = {
  none_older: 'no outcome is older than --since',
  rewritten: 'its outcomes older than --since were rewritten, and no longer tell when',
} as const;

async function scanWithProgress(
  { client, invocation: { output }, options: { since }, signal }: Auditing,
  subject: Subject,
): Promise<Scanned> {
  const told = since === undefined ? undefined : await xidSince(client, subject, since);
  if (told !== undefined && 'unknown' in told) {
    output.note(`${subject.enrichment}: ${SINCE_UNKNOWN[told.unknown]}, so every row is looked at.`);
  }
  const sinceXid = told !== undefined && 'xid' in told ? told.xid : undefined;
  const estimatedRows = await plannedRows(client, subject.table);
  using screen = output.isTerminal && !output.isJson ? new LiveScreen(output.terminal) : undefined;
  const beganAtMs = performance.now();
  const onRows = (rows: number): void =>
    screen?.draw([progressLine(subject.enrichment, rows, estimatedRows, performance.now() - beganAtMs)]);
  const scanned = await scan(client, subject, { sinceXid, onRows, signal });
  screen?.draw([]);
  return scanned;
}

async function settled(
  auditing: Auditing,
  scanned: ReadonlyMap<Subject, Scanned>,
): Promise<readonly Audited[]> {
  const { client, options, signal } = auditing;
  const deadlineMs = performance.now() + (options.wait ?? WAIT_DEFAULT_MS);
  await settle({ ...auditing, deadlineMs }, [...scanned.keys()]);
  signal.throwIfAborted();
  const audited: Audited[] = [];
  for (const [subject, each] of scanned) audited.push(await readAudited(client, subject, each));
  return audited;
}

async function tell(
  { output }: Invocation,
  client: DatabaseClient,
  subject: Subject,
  audited: Audited,
  tookMs: number,
): Promise<void> {
  if (!output.isJson) {
    for (const line of auditLines(audited, output.paint)) output.line(line);
    return;
  }
  const { enrichment, source } = subject;
  for (const { finding, reason } of audited.wrong.filter(({ keys }) => keys.length === 0)) {
    output.json({ event: 'finding', enrichment, source, key: null, finding, reason });
  }
  for await (const wrong of wrongKeysOf(client, subject)) {
    output.json({ event: 'finding', enrichment, source, ...wrong });
  }
  output.json(auditJson(audited, tookMs));
}

/** One job for each enrichment, then the same rows once more. */
async function repair(
  auditing: Auditing,
  subjects: readonly Subject[],
  found: readonly Audited[],
): Promise<readonly Audited[]> {
  const { invocation, client } = auditing;
  const { output } = invocation;
  const rows = found.reduce((sum, each) => sum + wrongRows(each), 0);
  if (rows === 0) return found;
  const nanoUsd = await repairNanoUsd(auditing, subjects, found);
  const what = `${formatCount(rows)} rows`;
  const consequence = 'will be read again, and calls may be paid';
  await requireConsent(invocation, { rows, nanoUsd, what, consequence });
  const jobs: string[] = [];
  const repaired = new Map<Subject, Scanned>();
  for (const [place, subject] of subjects.entries()) {
    const audited = found[place];
    if (audited === undefined) continue;
    if (wrongRows(audited) === 0) continue;
    const job = await createRepairJob(client, subject);
    jobs.push(job);
    repaired.set(subject, audited);
    const made = await readRedoJob(client, job);
    if (output.isJson && made !== undefined) output.json({ event: 'made', ...jobJson(made) });
    else output.line(`Job ${job}: ${formatCount(wrongRows(audited))} rows for ${subject.enrichment}.`);
  }
  for (const job of jobs) await followJob(invocation, client, job);
  const beganAtMs = performance.now();
  const again = await settled(auditing, repaired);
  for (const [place, subject] of [...repaired.keys()].entries()) {
    const each = again[place];
    if (each !== undefined) await tell(invocation, client, subject, each, performance.now() - beganAtMs);
  }
  const untouched = found.filter((each) => wrongRows(each) === 0);
  return [...untouched, ...again];
}

/** What calls for the rows that are wrong will cost; those that are gone cost nothing. */
async function repairNanoUsd(
  { definition, client, invocation }: Auditing,
  subjects: readonly Subject[],
  found: readonly Audited[],
): Promise<number> {
  const aws = awsModeOf(invocation.environment);
  let nanoUsd = 0;
  for (const [place, subject] of subjects.entries()) {
    const audited = found[place];
    const count = audited === undefined ? 0 : wrongRows(audited);
    if (count === 0) continue;
    const { enrichment, tables } = subject;
    const keys = { keyColumns: tables.keyColumns, text: wrongKeys(subject), values: [], count };
    nanoUsd += await priceOfKeys(client, definition, { enrichment, aws }, keys);
  }
  return nanoUsd;
}
