import type { Definition } from '../../../shared/config/definition.ts';
import { parseLsn } from '../../../shared/contracts/position.ts';
import type { StoredPosition } from '../../../shared/contracts/stored-position.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { tellGaps } from '../../../shared/kafka/gap-notice.ts';
import { connectProducer } from '../../../shared/kafka/producer.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { identifySystem } from '../../../shared/postgres/identify-system.ts';
import { dropSlot, type OpenTransaction } from '../../../shared/postgres/slots.ts';
import {
  type Gap,
  haltingGap,
  listGaps,
  openHarmlessGaps,
  recordGap,
  replacementsWithinHour,
  startRepair,
  stuckGaps,
} from '../../../shared/side-tables/gaps.ts';
import { slotName } from '../../../shared/side-tables/names.ts';
import { storePosition } from '../../../shared/side-tables/positions.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { createSlotVisibly } from '../preflight/create-slot.ts';
import { knownPosition } from '../preflight/decide.ts';
import { type PreflightFacts, readFacts } from '../preflight/facts.ts';
import { keepPosition, readTwin } from '../preflight/twin.ts';
import { createGapJobs } from './gap-jobs.ts';
import { planRepair, type RepairPlan } from './plan-repair.ts';

export interface RepairSettings {
  readonly definition: Definition;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly logger: Logger;
  readonly newEpoch: boolean;
  /** Told what would be done; false ends it before anything is changed. */
  readonly consent: (plan: RepairPlan) => Promise<boolean>;
  /** A new slot waits for this transaction. */
  readonly onWaiting: (transaction: OpenTransaction) => void;
}

const REPLACEMENTS_PER_HOUR_MAX = 3;
const UNDER_WAY = new AbortController().signal;

/**
 * Repairs what the reader stands still for: a new slot where the old one is of no use, then jobs that read every row of the
 * tables concerned again. Resolves with the gap as it is then, or undefined when nobody agreed.
 * @throws AfterglowError when nothing has to be repaired, or something else has to be done before
 */
export async function repairGap(settings: RepairSettings): Promise<Gap | undefined> {
  const { definition, databaseUrl, brokers, logger, newEpoch } = settings;
  const { pipeline } = definition;
  const database = { url: databaseUrl, applicationName: 'afterglow gaps repair' };
  const kafka = { brokers, clientId: `${pipeline}.repair`, logger };
  await using cleanup = new AsyncDisposableStack();
  const client = await connectDatabase(database);
  cleanup.defer(() => client.end());
  const facts = await readFacts({
    client,
    definition,
    identify: () => identifySystem(database),
    readTwin: () => readTwin(kafka, pipeline),
  });
  const others = [...(await stuckGaps(client)), ...(await openHarmlessGaps(client))];
  const plan = planRepair({ facts, pipeline, newEpoch, others });
  if (plan.replacesSlot) await requireReplacementLeft(client);
  if (!(await settings.consent(plan))) return undefined;
  const producer = cleanup.use(await connectProducer(kafka));
  const gap = await recorded(client, plan);
  const confirmed = plan.replacesSlot ? await replaceSlot(client, settings, facts) : undefined;
  const position = positionAfter(facts, plan, confirmed);
  await begin(client, settings, { facts, plan, gap, position, to: confirmed ?? facts.system.lsn });
  if (plan.isHalted) await keepPosition(client, producer, pipeline, position, facts.published);
  await tellGaps(client, producer, pipeline);
  return (await listGaps(client)).find(({ id }) => id === gap.id) ?? gap;
}

async function requireReplacementLeft(client: DatabaseClient): Promise<void> {
  if ((await replacementsWithinHour(client)) >= REPLACEMENTS_PER_HOUR_MAX) {
    throw new AfterglowError('slot_replacements_spent');
  }
}

async function recorded(client: DatabaseClient, { gap, draft }: RepairPlan): Promise<Gap> {
  // The reader may have written it down since it was looked for.
  const found = gap ?? (await recordGap(client, draft)) ?? (await haltingGap(client));
  if (found === undefined) throw new Error('a gap was neither written nor found');
  return found;
}

/** Interrupted after this, the next repair makes the slot once more: the gap still is open. */
async function replaceSlot(
  client: DatabaseClient,
  { definition, databaseUrl, onWaiting }: RepairSettings,
  { server, slot: existing }: PreflightFacts,
): Promise<bigint> {
  const slot = slotName(definition.pipeline);
  if (existing !== undefined) await dropSlot(client, slot);
  const settings = { url: databaseUrl, applicationName: 'afterglow gaps repair (slot)' };
  const { versionNumber } = server;
  return parseLsn(await createSlotVisibly(client, settings, { slot, versionNumber }, onWaiting, UNDER_WAY));
}

/** With the old slot the reader goes on where it was; with a new one, or in a new epoch, where that begins. */
function positionAfter(
  facts: PreflightFacts,
  { epoch }: RepairPlan,
  confirmed: bigint | undefined,
): StoredPosition {
  const { systemId, timeline } = facts.system;
  return { epoch, systemId, timeline, lsn: confirmed ?? knownPosition(facts)?.lsn ?? facts.system.lsn };
}

interface Begun {
  readonly facts: PreflightFacts;
  readonly plan: RepairPlan;
  readonly gap: Gap;
  readonly position: StoredPosition;
  readonly to: bigint;
}

/** Position, record and jobs as one: the reader must not stream past a gap that nobody is going to close. */
async function begin(
  client: DatabaseClient,
  { definition }: RepairSettings,
  { facts, plan, gap, position, to }: Begun,
): Promise<void> {
  const { tables, epoch, replacesSlot: slotReplaced, isHalted } = plan;
  await client.query('begin');
  try {
    if (isHalted) await storePosition(client, definition.pipeline, position, facts.published);
    const jobs = await createGapJobs(client, definition, tables);
    await startRepair(client, gap.id, { to: { epoch, lsn: to }, tables, slotReplaced, jobs });
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
