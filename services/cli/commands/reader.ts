import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

export function readerCommand(run: Run): Command {
  const command = new Command('reader')
    .description('read committed rows from the write-ahead log into Kafka, in the foreground')
    .addHelpText(
      'after',
      `
Publishes one change event for each row to <pipeline>.cdc.<schema>.<table> and acknowledges the replication
slot only up to what Kafka has confirmed. A second reader waits as standby until the first is gone.
SIGTERM drains; /metrics, /livez and /readyz answer on AFTERGLOW_HTTP_PORT.

Examples:
  npx afterglow reader
  DATABASE_URL=postgres://… KAFKA_BROKERS=broker:9092 npx afterglow reader --log-level debug
`,
    );
  return onRun(command, run, async (invocation) => {
    const { runInForeground } = await import('../foreground.ts');
    const reader = await import('../../reader/main.ts');
    return await runInForeground(invocation, { name: 'reader', needed: ['slot'], run: reader.run });
  });
}
