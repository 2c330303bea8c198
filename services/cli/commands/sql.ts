import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

export function sqlCommand(run: Run): Command {
  const command = new Command('sql')
    .description('psql on the running stack, or one statement')
    .argument('[statement]', 'run it and print what comes back')
    .addHelpText(
      'after',
      `
Uses the embedded PostgreSQL's own psql, else the one on PATH; without either, one statement and a plain table.
With --json each row is one JSON object on one line, values as PostgreSQL writes them.

Examples:
  npx afterglow sql
  npx afterglow sql "select id, amount, fraud_score from afterglow.transactions_enriched where fraud_flagged"
  npx afterglow sql --json "select * from afterglow.transactions_enriched limit 3" | jq .fraud_status
  npx afterglow sql < report.sql
`,
    );
  return onRun(command, run, async (invocation, _options, operands) => {
    const { runSql } = await import('../sql.ts');
    return await runSql(invocation, operands[0]);
  });
}
