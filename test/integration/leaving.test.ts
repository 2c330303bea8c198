// A source that leaves the definition of a pipeline whose reader has begun.
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import { repairGap } from '../../services/reader/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { setUp } from '../support/initialised.ts';
import { startReader } from '../support/reader.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;

function without({ sources, enrichments, ...others }: Definition): Definition {
  const { reviews: _left, ...left } = sources;
  const { sentiment: _leftToo, ...leftToo } = enrichments;
  return { ...others, sources: left, enrichments: leftToo };
}

test('a source that leaves under a running reader halts it, and the repair asks for no row of that table', async () => {
  await using setting = await setUp();
  const { client, kafka, database, definition } = setting;
  await setting.init();
  const fewer = without(definition);
  {
    await using before = startReader(definition, database.url);
    await before.streams();
    await applyInit(client, kafka, { definition: fewer });
    await before.standsStill(/publication_incomplete/);
  }
  await repairGap({
    definition: fewer,
    databaseUrl: database.url,
    brokers: [brokers()],
    logger: createLogger('test', 'silent'),
    newEpoch: false,
    consent: async () => true,
    onWaiting: () => {},
  });
  await using reader = startReader(fewer, database.url);
  await reader.streams();
  await until(async () => (await listGaps(client)).every(({ state }) => state === 'closed'), {
    deadlineMs: DEADLINE_MS,
    what: 'the gap to be closed',
    everyMs: 200,
  });
  expect(await listGaps(client)).toMatchObject([{ reason: 'publication_incomplete', tables: [], jobs: [] }]);
});
