import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { type Audited, auditLines, wrongRows } from '../audit/audit-lines.ts';
import { readAudited } from '../audit/findings.ts';
import { recordAudits } from '../audit/record-audits.ts';
import { scan } from '../audit/scan.ts';
import { settle } from '../audit/settle.ts';
import { CREATE_SUSPECTS } from '../audit/statements.ts';
import { readSubjects } from '../audit/subject.ts';
import { painter } from '../view/paint.ts';

export interface ShadowAudit {
  readonly client: DatabaseClient;
  readonly kafka: KafkaSettings;
  /** In force. */
  readonly definition: Definition;
  readonly shadow: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Every row has from the shadow what it asks for, by the shadow's newest definition. @throws AfterglowError cutover_refused */
export async function requireEmptyAudit(audit: ShadowAudit): Promise<Audited> {
  const { client, kafka, definition, shadow, waitMs, signal } = audit;
  const from = definition.enrichments[shadow]?.from ?? '';
  const subjects = await readSubjects(client, definition, [from]);
  const subject = subjects.find(({ enrichment }) => enrichment === shadow);
  if (subject === undefined) throw new RangeError(`no enrichment ${shadow}`);
  await client.query(CREATE_SUSPECTS);
  const scanned = await scan(client, subject, { sinceXid: undefined, onRows: () => {}, signal });
  const deadlineMs = performance.now() + waitMs;
  await settle({ client, kafka, pipeline: definition.pipeline, deadlineMs, signal }, [subject]);
  signal.throwIfAborted();
  const audited = await readAudited(client, subject, scanned);
  // Shown by `status` under the name that it gets.
  await recordAudits(client, [audited], undefined);
  if (wrongRows(audited) + audited.waiting + audited.outdated === 0) return audited;
  const remedy = audited.outdated > 0 ? { remedy: `Run \`afterglow reenrich ${shadow}\`.` } : {};
  throw new AfterglowError(
    'cutover_refused',
    `The audit of the shadow is not empty. ${auditLines(audited, painter(false)).join(' ')}`,
    remedy,
  );
}
