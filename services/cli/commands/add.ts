import { Command } from 'commander';
import { onlyOperand, onRun, type Run } from '../invocation.ts';

interface Options {
  readonly write?: boolean;
}

export function addCommand(run: Run): Command {
  const command = new Command('add')
    .description('propose a source and a first enrichment for one of your tables')
    .argument('<schema.table>', 'the table, such as public.orders')
    .option('--write', 'put the proposal into the definition file; every other line stays as it is')
    .addHelpText(
      'after',
      `
Looks at the table's columns and types and writes nothing unless --write is given. Read the proposal: it guesses
which columns look personal and which a model could use.

Examples:
  npx afterglow add public.orders
  npx afterglow add public.orders --write && npx afterglow config check && npx afterglow init
`,
    );
  return onRun<Options>(command, run, async (invocation, { write }, operands) => {
    const { proposeFor } = await import('../proposal.ts');
    return await proposeFor(invocation, onlyOperand(operands, 'The table'), write === true);
  });
}
