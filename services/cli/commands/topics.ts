import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

interface Options {
  readonly asyncapi?: boolean;
}

export function topicsCommand(run: Run): Command {
  const command = new Command('topics')
    .description('topics of the pipeline: partitions, what they keep, who reads them and how far behind')
    .option('--asyncapi', 'print an AsyncAPI 3 document of them instead, for teams that read them')
    .addHelpText(
      'after',
      `
Every consumer group that reads one of them is shown, those of other teams too. With --json one topic a line.
Exit status 0: all are as they should be; 1: one is missing or differs; \`afterglow doctor\` names the fix. What stands
on them, and how to read them: docs/topics.md.

Examples:
  npx afterglow topics
  npx afterglow topics --json | jq -r '.groups[] | select(.records_behind > 1000) | .group'
  npx afterglow topics --asyncapi > asyncapi.yaml
`,
    );
  return onRun<Options>(command, run, async (invocation, { asyncapi }) => {
    const { printAsyncApi, showTopics } = await import('../topics/show-topics.ts');
    return asyncapi === true ? await printAsyncApi(invocation) : await showTopics(invocation);
  });
}
