import { Command } from 'commander';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';
import type { TraceOptions } from '../trace/run-trace.ts';

export function traceCommand(run: Run): Command {
  const command = new Command('trace')
    .summary('the life of one row')
    .description(
      'the life of one row: each change of it, when it was published, enriched and written, by which call',
    )
    .argument('<source>', 'its name in the definition, such as transactions')
    .argument('<key>', 'the value of the key column, or a=1,b=2')
    .option(
      '--from <duration>',
      'read the topics from this long ago (default: a minute before what stands beside the row)',
      durationOption,
    )
    .addHelpText(
      'after',
      `
Reads only the row's own partition, up to its end as it is now. Times are those of the brokers; what is written
last stands in the side tables. No value of the row is printed but its key.
Exit status 0: something of the row was found; 1: nothing was.

Examples:
  npx afterglow trace transactions 42
  npx afterglow trace order_lines order_id=7,line=2 --from 1h
  npx afterglow trace transactions 42 --json | jq 'select(.hop == "enriched") | .cost_nano_usd'
`,
    );
  return onRun<TraceOptions>(command, run, async (invocation, options, operands) => {
    const [source, key, surplus] = operands;
    if (source === undefined || key === undefined) {
      throw new AfterglowError('usage', 'A source and the key of a row are wanted.');
    }
    if (surplus !== undefined) throw new AfterglowError('usage', `One row at a time: what is "${surplus}"?`);
    const { runTrace } = await import('../trace/run-trace.ts');
    return await runTrace(invocation, options, source, key);
  });
}
