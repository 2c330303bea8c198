import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { requireDefinition, requirePair } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { comparisonJson, comparisonLines } from './comparison-lines.ts';
import { readComparison } from './read-comparison.ts';

/** Whole tables are read. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** An enrichment and its shadow side by side, from what they have written; nothing is called. */
export async function runCompare(invocation: Invocation, operands: readonly string[]): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const enrichment = requirePair(definition, onlyOperand(operands, 'The enrichment'));
  const { databaseUrl: url } = chooseParts(invocation);
  const client = await connectDatabase({
    url,
    applicationName: 'afterglow compare',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await client.query('begin isolation level repeatable read read only');
    const own = await readEnrichmentTables(client, enrichment);
    const other = await readEnrichmentTables(client, shadowOf(enrichment));
    const comparison = await readComparison(client, { own, other });
    await client.query('rollback');
    if (output.isJson) output.json(comparisonJson(comparison));
    else for (const line of comparisonLines(comparison)) output.line(line);
    return 0;
  } finally {
    await client.end();
  }
}
