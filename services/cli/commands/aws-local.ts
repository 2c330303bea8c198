import { Command } from 'commander';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';
import { portOption, wholeNumberOption } from '../option-values.ts';

interface Options {
  readonly port: number;
  readonly latency?: number;
  readonly jitter?: number;
  readonly seed: number;
  readonly fault?: readonly string[];
  readonly quota?: readonly string[];
  readonly function?: readonly string[];
}

export function awsLocalCommand(run: Run): Command {
  const command = new Command('aws-local')
    .description('stand in for the AWS model endpoints on this machine, in the foreground')
    .option('--port <port>', 'where it listens on 127.0.0.1; 0 takes any free one', portOption, 4100)
    .option('--latency <duration>', 'how long each call takes', durationOption)
    .option('--jitter <duration>', 'spread of that time', durationOption)
    .option('--seed <number>', 'the same seed, the same answers', wholeNumberOption, 1)
    .option('--fault <rule>', 'a fault from the start, as JSON; may be repeated', collected)
    .option(
      '--quota <rule>',
      'a quota as JSON, or aws for those an account begins with; may be repeated',
      collected,
    )
    .option(
      '--function <name=module>',
      'a function of Lambda, and the module that exports its handler; may be repeated',
      collected,
    )
    .addHelpText(
      'after',
      `
Same wire protocols and limits as the real services; the real SDK clients talk to it. It is also what faults are
injected into. It costs nothing and takes any well-formed signature.

Examples:
  npx afterglow aws-local --latency 40ms
  npx afterglow aws-local --function score-orders=./score-orders.js
  npx afterglow aws-local --quota aws --fault '{"fault":{"kind":"throttle"},"share":0.01}'
  AFTERGLOW_AWS_LOCAL_URL=http://127.0.0.1:4100 npx afterglow enricher fraud
`,
    );
  return onRun<Options>(
    command,
    run,
    async (invocation, { port, latency, jitter, seed, fault = [], quota = [], function: functions = [] }) => {
      const { runAwsLocal } = await import('../foreground.ts');
      const typed = { faults: fault, quotas: quota, functions };
      return await runAwsLocal(invocation, typed, {
        port,
        seed,
        ...(latency === undefined ? {} : { latencyMs: latency }),
        ...(jitter === undefined ? {} : { jitterMs: jitter }),
      });
    },
  );
}

const collected = (rule: string, earlier: readonly string[] = []): readonly string[] => [...earlier, rule];
