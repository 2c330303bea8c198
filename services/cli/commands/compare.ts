import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

export function compareCommand(run: Run): Command {
  const command = new Command('compare')
    .summary('an enrichment and its shadow side by side')
    .description('show an enrichment and its shadow side by side: results, flags, cost and latency')
    .argument('<enrichment>', 'its name in the definition, such as fraud, which has fraud_shadow beside it')
    .addHelpText(
      'after',
      `
From what both have written, in one snapshot and without a call: how many rows have which status, how far numbers are
apart and how they are distributed, which flags, decisions and labels become others, what the results did cost, and
how long they took from the commit. Of vectors: how many of the ten nearest are the same, for a sample of 100 texts.

Examples:
  npx afterglow compare fraud
  npx afterglow compare embedding --json | jq .neighbours.overlap
`,
    );
  return onRun(command, run, async (invocation, _options, operands) => {
    const { runCompare } = await import('../compare/run-compare.ts');
    return await runCompare(invocation, operands);
  });
}
