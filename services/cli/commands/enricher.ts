import { Command } from 'commander';
import { requireEnrichment } from '../definition.ts';
import { onlyOperand, onRun, type Run } from '../invocation.ts';

export function enricherCommand(run: Run): Command {
  const command = new Command('enricher')
    .description('call the model of one enrichment for its rows, in the foreground')
    .argument('<enrichment>', 'its name in the definition, such as fraud')
    .addHelpText(
      'after',
      `
One enrichment per process; several processes of the same one share its partitions. Without AFTERGLOW_AWS=real
the model is the stand-in on this machine, whatever AWS_* variables say.
SIGTERM drains; /metrics, /livez and /readyz answer on AFTERGLOW_HTTP_PORT.

Examples:
  npx afterglow enricher fraud
  AFTERGLOW_AWS=real AWS_REGION=eu-west-1 npx afterglow enricher fraud
`,
    );
  return onRun(command, run, async (invocation, _options, operands) => {
    const enrichment = onlyOperand(operands, 'The name of the enrichment');
    const { runInForeground } = await import('../foreground.ts');
    const { awsSettings } = await import('../../../shared/aws/settings.ts');
    const { valkeyOf } = await import('../settings.ts');
    const enricher = await import('../../enricher/main.ts');
    const { environment } = invocation;
    return await runInForeground(invocation, {
      name: `enricher ${enrichment}`,
      needed: enricher.NEEDED,
      run: async (settings, signal) => {
        requireEnrichment(settings.definition, enrichment);
        const aws = awsSettings(settings.awsEnvironment);
        await enricher.run({ ...settings, enrichment, aws, valkey: valkeyOf(environment) }, signal);
      },
    });
  });
}
