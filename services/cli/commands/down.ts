import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

interface Options {
  readonly deleteData?: boolean;
}

export function downCommand(run: Run): Command {
  const command = new Command('down')
    .description('stop what is running here, also what a killed `up` has left over')
    .option('--delete-data', 'delete the embedded database and Kafka as well; downloads stay')
    .addHelpText(
      'after',
      `
Nothing of yours is touched: only processes that \`up\` started in this folder are stopped, and only data below
.afterglow/ is deleted.

Examples:
  npx afterglow down
  npx afterglow down --delete-data
`,
    );
  return onRun<Options>(command, run, async (invocation, { deleteData }) => {
    const { stopStack } = await import('../../../deploy/local/running-stack.ts');
    const { foldersOf } = await import('../settings.ts');
    const folders = foldersOf(invocation);
    const { output } = invocation;
    const leftOver: string[] = [];
    const stopped = await stopStack(folders, ({ name, pid }) => {
      leftOver.push(name);
      if (!output.isJson) output.line(`stopping ${name} (pid ${pid})`);
    });
    if (deleteData === true) await (await import('../up/data.ts')).deleteUnclaimedData(folders);
    if (output.isJson) {
      output.json({ stopped, left_over: leftOver, data_deleted: deleteData === true });
      return 0;
    }
    output.line(stopped ? 'Stopped.' : 'Nothing is running here.');
    if (deleteData === true) output.line(`Deleted ${folders.data}; downloads stay.`);
    return 0;
  });
}
