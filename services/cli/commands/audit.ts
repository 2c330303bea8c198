import { Command } from 'commander';
import type { AuditOptions } from '../audit/run-audit.ts';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';

export function auditCommand(run: Run): Command {
  const command = new Command('audit')
    .summary('compare every row with what stands beside it')
    .description('compare every row of a source with its outcomes and results, and repair what is wrong')
    .argument('[source]', 'its name in the definition, such as transactions (default: all)')
    .option(
      '--since <duration>',
      'only rows written by transactions of this long, such as 2h',
      durationOption,
    )
    .option('--wait <duration>', 'how long what is on its way may take (default: 1m)', durationOption)
    .option('--repair', 'have exactly the wrong rows read again and given a new outcome')
    .addHelpText(
      'after',
      `
missing   the row has no outcome, or is scored without a result
stale     the outcome is of another input or status than the row asks for now, or at a position ahead of the log
orphaned  an outcome or a result whose row is gone
waiting   wrong as it stands, but what was committed has not passed the whole pipeline in time
outdated  right by an earlier definition; \`afterglow backfill\` brings it up to date

The pipeline goes on meanwhile: what seems wrong is looked at again once everything older is written. --since finds
every orphan all the same. A repair may call models that are paid: above 100,000 rows, or a dollar, it
asks first.
Exit status 0: nothing is missing, stale, orphaned or waiting, or the repair mended it; 1: something is.

Examples:
  npx afterglow audit
  npx afterglow audit transactions --since 1h --repair
  npx afterglow audit --json | jq 'select(.event == "finding")'
`,
    );
  return onRun<AuditOptions>(command, run, async (invocation, options, operands) => {
    const { runAudit } = await import('../audit/run-audit.ts');
    return await runAudit(invocation, options, operands);
  });
}
