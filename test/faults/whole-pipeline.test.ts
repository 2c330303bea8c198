// Everything at once: services killed and frozen at random, a model that does not answer, a broker that loses its power. The
// audit says at the end whether anything was lost; where a guarantee is broken on purpose it has to say so.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AuditSaid } from '../support/audited.ts';
import { FAULT_LENGTHS, IS_LONG, report } from '../support/fault-lengths.ts';
import { brokenProgram, type FaultRun, SERVICES, type Service, startFaultRun } from '../support/fault-run.ts';
import { projectFolder } from '../support/project-folder.ts';
import { seededRandom } from '../support/random-workload.ts';
import { until } from '../support/wait.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const { wholePipelineMs: FAULTS_MS } = FAULT_LENGTHS;
const TEST_MAX_MS = FAULTS_MS * 2 + 600_000;
const KILL_EVERY_MAX_MS = 2_500;
const SEEN_MAX_MS = 120_000;

interface Outcome {
  readonly said: AuditSaid;
  /** What the last reader had to say. */
  readonly reader: string;
  readonly commits: number;
  readonly kills: ReadonlyMap<Service, number>;
}

/** The same faults in the same order for the same seed. */
async function faultsOn(root: string | undefined, isFrozen = true): Promise<Outcome> {
  const random = seededRandom(SEED);
  await using run = await startFaultRun(root);
  await Promise.all(SERVICES.map((service) => run.working(service)));
  run.awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 20, jitter_ms: 60 } });
  const kills = new Map<Service, number>();
  const notYet: Service[] = [...SERVICES];
  let commits: number;
  {
    await using changing = run.change(SEED);
    const beganAtMs = performance.now();
    const passed = (): number => (performance.now() - beganAtMs) / FAULTS_MS;
    const isDue = new Map<string, number>([
      ['model', 0.2],
      ['kafka', 0.6],
    ]);
    const due = (what: string): boolean => {
      const isNow = passed() >= (isDue.get(what) ?? Number.POSITIVE_INFINITY);
      if (isNow) isDue.delete(what);
      return isNow;
    };
    while (passed() < 1 || notYet.length > 0) {
      if (due('model')) {
        run.awsLocal.control.addFault({ fault: { kind: 'error', status: 503 }, for_ms: FAULTS_MS * 0.2 });
        report('the models do not answer');
      }
      if (due('kafka')) {
        await run.restartKafka();
        report('Kafka is back');
      }
      await moment(random() * KILL_EVERY_MAX_MS);
      // Each once; then the reader half of the time: it is back the soonest, and every start of it begins where the slot was left.
      const [first] = notYet.splice(Math.floor(random() * notYet.length), 1);
      const service = first ?? SERVICES[Math.floor(random() * SERVICES.length * 2)] ?? 'reader';
      run.child(service).kill('SIGKILL');
      kills.set(service, (kills.get(service) ?? 0) + 1);
    }
    commits = changing.commits;
  }
  // What does not come is for the audit to say.
  if (isFrozen) await freeze(run).catch((error: unknown) => report(String(error)));
  for (const service of SERVICES) {
    await run.working(service).catch((error: unknown) => report(String(error)));
  }
  const said = await run.audit();
  report(
    `kills ${JSON.stringify(Object.fromEntries(kills))}, ${commits} commits: ${JSON.stringify(['fraud', 'sentiment'].map((name) => said.of(name)))}`,
  );
  return { said, commits, kills, reader: run.child('reader').output };
}

/** An enricher that stops with calls under way, and wakes when its successor has long given newer outcomes. */
async function freeze(run: FaultRun): Promise<void> {
  const service = 'enricher fraud';
  await run.working(service);
  const { client } = run;
  // Amounts that no other row has, or the answer would be known already and nothing be under way.
  const hot =
    "insert into payments select -n, $1 + n / 1024.0, 'shop', '' from generate_series(1, 60) n on conflict (id) do update set amount = excluded.amount";
  const stateOf =
    'select count(*)::int4 as count from afterglow_internal.state_fraud where key_id < 0 and not deleted and committed_at >= $1';
  await client.query(hot, [1]);
  const written = async (sinceIso: string): Promise<void> => {
    await until(
      async () => (await client.query<{ count: number }>(stateOf, [sinceIso])).rows[0]?.count === 60,
      {
        deadlineMs: SEEN_MAX_MS,
        what: 'the outcomes of the hot rows',
      },
    );
  };
  await written('-infinity');
  const slow = run.awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 1_500, jitter_ms: 0 } });
  const callsBefore = calls(run);
  await client.query(hot, [2]);
  await until(() => calls(run) > callsBefore, { deadlineMs: SEEN_MAX_MS, what: 'a call for the hot rows' });
  const frozen = run.replace(service);
  frozen.kill('SIGSTOP');
  run.awsLocal.control.removeFault(slow);
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  await client.query(hot, [900]);
  await written(rows[0]?.now ?? '');
  frozen.kill('SIGCONT');
  report('the frozen enricher is awake');
  // What it had under way is answered long since; it goes on to its next breath, and then it is told to end.
  frozen.kill('SIGTERM');
  await frozen.ended;
}

const calls = (run: FaultRun): number =>
  run.awsLocal.control.calls().operations.reduce((sum, each) => sum + each.calls, 0);

async function moment(ms: number): Promise<void> {
  const atMs = performance.now() + ms;
  await until(() => performance.now() >= atMs, {
    deadlineMs: ms + 10_000,
    what: 'the next kill',
    everyMs: 10,
  });
}

interface Canary {
  /** The audit names what was lost; or a reader that sees it at its start stands still, and the audit calls the rest waiting. */
  readonly noticedBy: 'audit' | 'reader';
  /** It needs an enricher that was frozen and wakes; the others only wait for its rows, which do not come. */
  readonly isFrozen: boolean;
  readonly name: string;
  readonly file: string;
  readonly says: string;
  readonly instead: string;
}

const EARLY: Canary = {
  noticedBy: 'audit',
  isFrozen: false,
  name: 'offsets committed before the work is done',
  file: 'shared/kafka/consumer.ts',
  says: 'if (this.#tracker.start(record, appended)) queue.push(record);',
  instead:
    'if (this.#tracker.start(record, appended)) { queue.push(record); this.#tracker.finish([record]); }',
};
const CANARIES: readonly Canary[] = [
  EARLY,
  {
    noticedBy: 'audit',
    isFrozen: true,
    name: 'the fence removed',
    file: 'shared/side-tables/statements.ts',
    says: 'const fence = (prefix: string): string =>',
    instead:
      "const fence = (prefix: string): string => (prefix === 'stored' ? '(0)' : '(1)');\nexport const unused = (prefix: string): string =>",
  },
  {
    noticedBy: 'reader',
    isFrozen: false,
    name: 'one byte more acknowledged than is safe',
    file: 'shared/postgres/replication.ts',
    says: 'formatLsn(lsn - 1n)',
    instead: 'formatLsn(lsn)',
  },
];

describe(`a pipeline with services killed and frozen, a model and Kafka away (seed ${SEED})`, () => {
  test('ends with an empty audit', { timeout: TEST_MAX_MS }, async () => {
    const { said, commits, kills } = await faultsOn(undefined);
    expect(said).toMatchObject({ status: 0, error: '', findings: [] });
    for (const enrichment of ['fraud', 'sentiment']) {
      expect(said.of(enrichment)).toMatchObject({
        missing: 0,
        stale: 0,
        orphaned: 0,
        waiting: 0,
        outdated: 0,
      });
    }
    expect(commits).toBeGreaterThan(100);
    expect([...kills.keys()].toSorted()).toEqual([...SERVICES].toSorted());
  });

  test.for(CANARIES)('has a place for: $name', ({ file, says }) => {
    expect(readFileSync(file, 'utf8').split(says).length - 1).toBe(1);
  });

  test.for(IS_LONG ? CANARIES : [EARLY])('fails with $name', { timeout: TEST_MAX_MS }, async (canary) => {
    await using folder = projectFolder();
    const { said, reader } = await faultsOn(brokenProgram(folder.path, canary), canary.isFrozen);
    expect(said.status).toBe(1);
    if (canary.noticedBy === 'audit') expect(said.findings.length).toBeGreaterThan(0);
    else expect(reader).toContain('slot_moved');
  });
});
