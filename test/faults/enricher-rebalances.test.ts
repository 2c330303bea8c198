// Enrichers that come and go while their model fails now and then: what the topic says at the end, change by change.
import { expect, test } from 'vitest';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { createEnrichment, fraud, type Payment, type RunningEnricher } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { seededRandom } from '../support/random-workload.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const SEEDS = [20_261_123, 20_261_124];
const KEYS = 40;
const ROUNDS = 6;
const CHANGES_OF_ROUND = 150;
const MEMBERS_MAX = 3;
const POISON_AMOUNT = 66.5;
const POISON_SHARE = 0.03;
const DEADLINE_MS = 120_000;

test.each(SEEDS)(
  'N changes in, N outcomes out, each key in order, whoever comes and goes and whatever the model does (seed %i)',
  {
    timeout: 400_000,
  },
  async (seed) => {
    const random = seededRandom(seed);
    await using setting = await createEnrichment(fraud('fraud', 5));
    const { control } = setting.awsLocal;
    control.addFault({
      input: { column: 0, equals: POISON_AMOUNT },
      fault: { kind: 'model_error', original_status: 400 },
    });
    control.addFault({ share: 0.1, fault: { kind: 'throttle' } });
    control.addFault({ share: 0.05, fault: { kind: 'error', status: 503 } });
    control.addFault({ fault: { kind: 'latency', latency_ms: 5, jitter_ms: 60 } });
    const changes: Payment[] = Array.from({ length: ROUNDS * CHANGES_OF_ROUND }, (_, index) => ({
      id: Math.floor(random() * KEYS),
      amount: random() < POISON_SHARE ? POISON_AMOUNT : index + 100,
    }));
    const published = (): Promise<number> =>
      topicSize(enrichedTopic(setting.definition.pipeline, 'fraud')).catch(() => 0);

    const members: RunningEnricher[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const isJoining = members.length === 0 || (members.length < MEMBERS_MAX && random() < 0.6);
      const before = await published();
      await setting.publish(changes.slice(round * CHANGES_OF_ROUND, (round + 1) * CHANGES_OF_ROUND));
      if (isJoining) members.push(setting.start());
      const wanted = before + Math.floor(random() * CHANGES_OF_ROUND * 0.8);
      await until(async () => (await published()) > wanted, {
        deadlineMs: DEADLINE_MS,
        what: `more than ${wanted} outcomes in round ${round + 1}`,
      });
      if (!isJoining)
        await members.splice(Math.floor(random() * members.length), 1)[0]?.[Symbol.asyncDispose]();
    }
    if (members.length === 0) members.push(setting.start());
    let behind = 0;
    const outcomes = await until(
      async () => {
        const all = firstsOf(await setting.outcomes()).filter(({ key }) => Number(key.id) < KEYS);
        if (all.length === changes.length) return all;
        // A refusal waits for an acceptance.
        await setting.publish([{ id: KEYS + behind++ }]);
        return undefined;
      },
      { deadlineMs: DEADLINE_MS, everyMs: 1_000, what: 'an outcome of every change' },
    );
    const byKey = Map.groupBy(outcomes, ({ key }) => Number(key.id));
    for (const [id, own] of Map.groupBy(changes, (change) => change.id)) {
      expect(
        byKey.get(id)?.map(({ status }) => status),
        `row ${id}`,
      ).toEqual(own.map(({ amount }) => (amount === POISON_AMOUNT ? 'failed' : 'scored')));
    }
  },
);
