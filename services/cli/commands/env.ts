import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';
import { exportLine } from '../shell-quoting.ts';

export function envCommand(run: Run): Command {
  const command = new Command('env')
    .description('print export lines for the stack that runs here')
    .addHelpText(
      'after',
      `
For your own programs, psql and Kafka tools. The lines hold the database's password, which is their purpose.

Examples:
  eval "$(npx afterglow env)" && psql "$DATABASE_URL"
  npx afterglow env --json | jq -r .KAFKA_BROKERS
`,
    );
  return onRun(command, run, async (invocation) => {
    const { requireStack } = await import('../../../deploy/local/running-stack.ts');
    const { foldersOf } = await import('../settings.ts');
    const { environment } = requireStack(foldersOf(invocation));
    const { output } = invocation;
    if (output.isJson) {
      output.json(environment);
      return 0;
    }
    for (const [name, value] of Object.entries(environment)) output.line(exportLine(name, value));
    if (output.isTerminal) output.note(output.paintError.faint('# These lines hold a password.'));
    return 0;
  });
}
