import { Command } from 'commander';
import { requireEnrichment } from '../definition.ts';
import { durationOption } from '../duration.ts';
import { onlyOperand, onRun, type Run } from '../invocation.ts';
import type { TailOptions } from '../tail.ts';

export function tailCommand(run: Run): Command {
  const command = new Command('tail')
    .description('follow the results of an enrichment as they arrive')
    .argument('<enrichment>', 'its name in the definition, such as fraud')
    .option('--where <cel>', 'only outcomes for which this CEL condition holds')
    .option('--flagged', 'only results that are flagged')
    .option('--from <duration>', 'begin this long ago instead of now, such as 5m', durationOption)
    .addHelpText(
      'after',
      `
Reads the topic <pipeline>.enriched.<enrichment>, as any consumer of yours would. With --json each event is printed
as it is, one a line. Ctrl-C ends it.

A condition may read the outputs by their names, flagged, decision and cached, which only a scored row has; and of
every outcome status, reason, error_kind, error_code, latency_ms, and the key's columns as texts: key.id == "4711".

Examples:
  npx afterglow tail fraud
  npx afterglow tail fraud --where 'score > 0.7 && decision != "hold"'
  npx afterglow tail fraud --where 'status == "failed"' --from 1h
  npx afterglow tail fraud --flagged --from 5m --json | jq -c '[.key.id, .result.score]'
`,
    );
  return onRun<TailOptions>(command, run, async (invocation, options, operands) => {
    const enrichment = onlyOperand(operands, 'The name of the enrichment');
    const { requireDefinition } = await import('../definition.ts');
    const definition = await requireDefinition(invocation);
    requireEnrichment(definition, enrichment);
    const { tail } = await import('../tail.ts');
    return await tail(invocation, definition, enrichment, options);
  });
}
