import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

export function writerCommand(run: Run): Command {
  const command = new Command('writer')
    .description('write outcomes from Kafka into the side tables, in the foreground')
    .addHelpText(
      'after',
      `
Takes outcomes from <pipeline>.enriched.* and writes each beside its row, unless a newer one is already there.
SIGTERM drains; /metrics, /livez and /readyz answer on AFTERGLOW_HTTP_PORT.

Examples:
  npx afterglow writer
  AFTERGLOW_HTTP_PORT=9103 npx afterglow writer
`,
    );
  return onRun(command, run, async (invocation) => {
    const { runInForeground } = await import('../foreground.ts');
    const writer = await import('../../writer/main.ts');
    return await runInForeground(invocation, { name: 'writer', needed: writer.NEEDED, run: writer.run });
  });
}
