import { readBudget } from '../../../shared/side-tables/budget.ts';
import { readLedger } from '../../../shared/side-tables/ledger-entries.ts';
import { withJobs } from '../backfill/job-database.ts';
import { requireDefinition } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { costLines } from './lines.ts';
import { costReport, DAYS_READ } from './report.ts';

export async function showCost(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const report = await withJobs(invocation, async (client) => {
    const { budget: _, ...unlimited } = definition;
    const budget = await readBudget(client, definition);
    const ledger = await readLedger(client, DAYS_READ);
    return costReport(ledger, budget === undefined ? unlimited : { ...unlimited, budget });
  });
  if (output.isJson) output.json(report);
  else for (const line of costLines(report)) output.line(line);
  return 0;
}
