import { Command } from 'commander';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type Environment, onRun, type Run } from '../invocation.ts';
import { settingOf } from '../settings.ts';

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
    const notifiesFlagged = isNotifying(invocation.environment);
    return await runInForeground(invocation, {
      name: 'writer',
      needed: writer.NEEDED,
      run: async (settings, signal) => await writer.run({ ...settings, notifiesFlagged }, signal),
    });
  });
}

function isNotifying(environment: Environment): boolean {
  const value = settingOf(environment, 'AFTERGLOW_NOTIFY');
  if (value === undefined || value === 'flagged') return value !== undefined;
  throw new AfterglowError('usage', `AFTERGLOW_NOTIFY is "${value}"; it takes "flagged".`);
}
