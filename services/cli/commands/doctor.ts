import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';

export function doctorCommand(run: Run): Command {
  const command = new Command('doctor')
    .description('check everything, each failure with its exact fix')
    .addHelpText(
      'after',
      `
Looks at the definition, PostgreSQL (wal_level, publication, slot, replica identity, privileges, pgvector,
side tables), Kafka (topics, retention, sizes), the services of the stack that runs here, the model service, and
the clocks; at Java, pip, Maven and disk when nothing runs here yet. It changes nothing, and one part that is down
does not hide what the others say.
Exit status 0: nothing to do, warnings at most; 1: something has to be fixed; 3: a part does not answer.

Examples:
  npx afterglow doctor
  DATABASE_URL=postgres://… KAFKA_BROKERS=… npx afterglow doctor
  npx afterglow doctor --json | jq -r '.findings[] | select(.outcome == "failed") | .fix'
`,
    );
  return onRun(command, run, async (invocation) => {
    const { runDoctor } = await import('../doctor/run-doctor.ts');
    return await runDoctor(invocation);
  });
}
