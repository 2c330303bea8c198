import { choosePort } from '../../../deploy/local/ports.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { createDemo } from '../demo-traffic.ts';
import { awsEnvironmentOf } from '../settings.ts';
import { startEmbeddedParts } from './embedded-parts.ts';
import { stackEnvironment, type UpParts } from './parts.ts';
import { createMissingTopics, initialiseOwnDatabase } from './prepare.ts';
import { ProgressView } from './progress-view.ts';
import { awsLocalPlan } from './service-plans.ts';
import { commonSettings, type UpRun } from './up-run.ts';

const AWS_LOCAL_PORT = 4_100;

/** Database, Kafka and model service, ready for the services: tables, roles, topics and revisions are there. */
export async function startParts(run: UpRun): Promise<UpParts> {
  const { plan, claim, definition, invocation, options, signal } = run;
  const embedded = await startEmbedded(run);
  const databaseUrl = embedded.databaseUrl ?? plan.databaseUrl;
  const brokers = embedded.brokers ?? plan.brokers;
  if (databaseUrl === undefined || brokers === undefined) {
    throw new AfterglowError('defect', 'A part is neither embedded nor named.');
  }
  const awsEnvironment = awsEnvironmentOf(invocation.environment, await startStandIn(run));
  signal.throwIfAborted();
  let logins: UpParts['logins'];
  if (plan.database.owner === 'embedded') {
    await createDemo(databaseUrl, { forced: true });
    logins = await initialiseOwnDatabase(databaseUrl, brokers, definition);
  } else {
    if (options.demoIntoThisDatabase) await createDemo(databaseUrl, { forced: true });
    if (plan.kafka.owner === 'embedded') await createMissingTopics(brokers, definition);
  }
  signal.throwIfAborted();
  const parts: UpParts = { databaseUrl, brokers, awsEnvironment, psql: embedded.psql, logins };
  const { psql } = embedded;
  claim.record({ environment: stackEnvironment(parts), ...(psql === undefined ? {} : { psql }) });
  return parts;
}

async function startEmbedded(run: UpRun) {
  const { plan, folders, claim, signal, ending, invocation, interruption } = run;
  using progress = new ProgressView(invocation.output);
  const { postgres, kafka } = await startEmbeddedParts(plan, folders, claim, progress.report, signal);
  let isStopping = false;
  ending.defer(async () => {
    isStopping = true;
    await Promise.all([postgres?.stop(), kafka?.stop()]);
  });
  for (const [name, part] of [
    ['PostgreSQL', postgres],
    ['Kafka', kafka],
  ] as const) {
    if (part === undefined) continue;
    // PostgreSQL ends its own processes on SIGQUIT; the next start repairs what was not written.
    run.killAtOnce.push(() => signalQuietly(part.identity.pid, part === postgres ? 'SIGQUIT' : 'SIGKILL'));
    void part.ended.then((how) => {
      if (!isStopping)
        interruption.fail(
          new AfterglowError('part_lost', `${name} ${how}.`, { remedy: `Its log says why: ${part.log}` }),
        );
    });
  }
  return {
    databaseUrl: postgres?.url,
    brokers: kafka === undefined ? undefined : [kafka.brokers],
    psql: postgres?.psql,
  };
}

/** The stand-in for AWS, unless the real one or somebody's own is meant. */
async function startStandIn(run: UpRun): Promise<string | undefined> {
  const { plan, services } = run;
  if (plan.aws === 'real' || plan.awsLocalUrl !== undefined) return undefined;
  const { port, busy } = await choosePort([AWS_LOCAL_PORT]);
  if (busy !== undefined) run.say(`port ${busy} is in use by something else: the AWS stand-in takes ${port}`);
  services.start(awsLocalPlan(commonSettings(run), port));
  run.ending.defer(() => services.stop('aws-local'));
  return `http://127.0.0.1:${port}`;
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
