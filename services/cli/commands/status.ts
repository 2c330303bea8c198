import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

interface Options {
  readonly watch?: boolean;
}

export function statusCommand(run: Run): Command {
  const command = new Command('status')
    .description('services, lag of each hop, replication slot, last audit, latency')
    .option('--watch', 'again every second, until Ctrl-C')
    .addHelpText(
      'after',
      `
Exit status 0: everything answers and is ready; 1: something is not, a service that has given up among them; 3: the
database or Kafka does not answer, or nothing runs here. With --json one object, with --watch --json one a second.

Examples:
  npx afterglow status --watch
  npx afterglow status --json | jq '.hops[] | select(.records > 1000)'
`,
    );
  return onRun<Options>(command, run, async (invocation, { watch }) => {
    const { showStatus } = await import('../status.ts');
    return await showStatus(invocation, watch === true);
  });
}
