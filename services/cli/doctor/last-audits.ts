// Whether an audit has found something that nobody has repaired.
import type { Definition } from '../../../shared/config/definition.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import {
  AUDITS_ARE_KEPT,
  LAST_AUDITS,
  type LastAudit,
  lastAuditText,
  toLastAudits,
  wrongOf,
} from '../audit/last-audits.ts';
import { type Finding, findings } from './finding.ts';

/** Nothing where no set-up has made the table yet. */
export async function readLastAudits(
  client: Queryable,
  { enrichments }: Definition,
): Promise<readonly LastAudit[]> {
  const kept = await client.query<{ kept: boolean }>(AUDITS_ARE_KEPT);
  if (kept.rows[0]?.kept !== true) return [];
  const { rows } = await client.query<{ audits: string }>(LAST_AUDITS, [Object.keys(enrichments)]);
  return toLastAudits(rows[0]?.audits ?? '[]');
}

/** Pure. Says nothing where there was no audit. */
export function checkLastAudits(
  { enrichments }: Pick<Definition, 'enrichments'>,
  audits: readonly LastAudit[],
): readonly Finding[] {
  const { ok, warning, failed } = findings('tables');
  return audits.map((audit) => {
    const { enrichment, waiting } = audit;
    const message = `audit of ${enrichment}: ${lastAuditText(audit)}`;
    const command = `npx afterglow audit ${enrichments[enrichment]?.from ?? ''}`.trimEnd();
    if (wrongOf(audit) > 0) return failed(message, `${command} --repair`);
    return waiting > 0 ? warning(message, command) : ok(message);
  });
}
