// Before anything is read or acknowledged: look at server, slot, publication and both copies of the position, decide, and
// stand still until it is right to stream.

import { parseLsn } from '../../../shared/contracts/position.ts';
import type { StoredPosition } from '../../../shared/contracts/stored-position.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { identifySystem } from '../../../shared/postgres/identify-system.ts';
import { slotName } from '../../../shared/side-tables/names.ts';
import { createSlotVisibly } from './create-slot.ts';
import { type Decision, decide, FIRST_EPOCH, knownPosition } from './decide.ts';
import { confirmedLsn, type PreflightFacts, readFacts } from './facts.ts';
import { recordAndTell } from './gap-notice.ts';
import { StandingStill } from './standing-still.ts';
import { keepPosition, readTwin } from './twin.ts';

/** What the session streams with. */
export interface Clearance {
  readonly facts: PreflightFacts;
  /** Begins every position of this session's events; raised only by a repair after a restore or fork. */
  readonly epoch: number;
  readonly confirmed: bigint;
}

export interface PreflightPace {
  /** While another reader is at work: soon enough that a standby has taken over within 15 s. */
  readonly waitMs: number;
  /** While somebody has to repair: nothing happens meanwhile, so seldom is often enough. */
  readonly haltMs: number;
}

export interface PreflightOptions {
  /** What has to be durable before the first slot is made. */
  readonly beforeSlot?: () => Promise<void>;
  readonly pace?: PreflightPace;
}

const PACE: PreflightPace = { waitMs: 1_000, haltMs: 5_000 };

/** Resolves when the slot may be streamed, or with undefined when `signal` ends the waiting. */
export async function preflight(
  client: DatabaseClient,
  producer: RecordProducer,
  settings: ServiceSettings,
  signal: AbortSignal,
  { beforeSlot = async () => {}, pace = PACE }: PreflightOptions = {},
): Promise<Clearance | undefined> {
  const { definition, databaseUrl, brokers, logger } = settings;
  const { pipeline } = definition;
  const kafka: KafkaSettings = { brokers, clientId: `${pipeline}.reader`, logger };
  const database = { url: databaseUrl, applicationName: `${pipeline} reader (preflight)` };
  const still = new StandingStill(settings);
  await commitDurably(client);
  while (!signal.aborted) {
    const facts = await readFacts({
      client,
      definition,
      identify: () => identifySystem(database),
      readTwin: () => readTwin(kafka, pipeline),
    });
    const decision = decide(facts, pipeline);
    if (decision.action === 'stream') {
      await reportStream(client, producer, settings, facts, decision);
      return await clear(client, producer, pipeline, facts);
    }
    if (decision.action === 'create') {
      logger.info({ slot: slotName(pipeline) }, 'creating the replication slot');
      await beforeSlot();
      const wanted = { slot: slotName(pipeline), versionNumber: facts.server.versionNumber };
      const lsn = await createSlotVisibly(
        client,
        database,
        wanted,
        (oldest) => still.slotWaits(oldest),
        signal,
      );
      await keepPosition(client, producer, pipeline, positionNow(facts, parseLsn(lsn)), facts.published);
      continue;
    }
    if (decision.action === 'halt') await recordAndTell(client, producer, settings, decision, still);
    else still.waits(decision);
    await pause(decision.action === 'halt' ? pace.haltMs : pace.waitMs, signal);
  }
  return undefined;
}

/**
 * A position that a crash could take back would later look as if the slot had been moved. Standbys are not waited for: if one
 * of them takes over without it, Kafka's copy tells.
 */
async function commitDurably(client: DatabaseClient): Promise<void> {
  await client.query('set synchronous_commit = local');
}

async function reportStream(
  client: DatabaseClient,
  producer: RecordProducer,
  settings: ServiceSettings,
  facts: PreflightFacts,
  { isPromoted, gap }: Extract<Decision, { action: 'stream' }>,
): Promise<void> {
  if (isPromoted) {
    const { timeline } = facts.system;
    settings.logger.warn(
      { timeline },
      'a standby was promoted; it has everything that is in Kafka: going on',
    );
  }
  if (gap !== undefined) {
    const code = 'publication_changed';
    const halt = { action: 'halt', code, message: gap.detail, gap, subject: 'published' } as const;
    await recordAndTell(client, producer, settings, halt, undefined);
  }
}

/** Both copies are written anew: they may have differed, and the catalog as it is now is what the next look compares with. */
async function clear(
  client: DatabaseClient,
  producer: RecordProducer,
  pipeline: string,
  facts: PreflightFacts,
): Promise<Clearance> {
  const confirmed = confirmedLsn(facts.slot);
  const position = positionNow(facts, knownPosition(facts)?.lsn ?? confirmed);
  await keepPosition(client, producer, pipeline, position, facts.published);
  return { facts, epoch: position.epoch, confirmed };
}

function positionNow(facts: PreflightFacts, lsn: bigint): StoredPosition {
  const { systemId, timeline } = facts.system;
  return { epoch: knownPosition(facts)?.epoch ?? FIRST_EPOCH, systemId, timeline, lsn };
}
