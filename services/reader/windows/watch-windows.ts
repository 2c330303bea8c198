import type { Definition } from '../../../shared/config/definition.ts';
import { enrichmentsOfTable } from '../../../shared/config/definition.ts';
import { formatLsn } from '../../../shared/contracts/position.ts';
import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin, type PartitionLag } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { TableCount } from '../publisher.ts';
import type { WindowMetrics } from './metrics.ts';
import { Tallies, type Tally } from './tally.ts';
import {
  type Balance,
  type Ends,
  isPast,
  missingSince,
  stepOf,
  stillKept,
  sumOf,
  type Window,
} from './window.ts';
import { type ReadStretches, WrittenEnds } from './written-ends.ts';

const LOOK_INTERVAL_MS = 5_000;
/** Longer than a restart of any part takes; a model that is away for longer is worth a look. */
const OPEN_MAX_MS = 300_000;

export interface WindowWatchSettings
  extends Pick<ServiceSettings, 'definition' | 'brokers' | 'logger' | 'telemetry'> {
  readonly metrics: WindowMetrics;
  /** By enrichment: changes for which a redo found no money, and which have no outcome since the one before stands. */
  readonly unpaid: () => Promise<ReadonlyMap<string, number>>;
  readonly written: ReadStretches;
  /** A number while nothing is on its way to Kafka; the same one twice: nothing was in between. */
  readonly rest: () => number | undefined;
  readonly lookIntervalMs?: number;
  readonly openMaxMs?: number;
  readonly nowMs?: () => number;
}

interface Way {
  readonly enrichment: string;
  readonly table: TableName;
  /** Of the enriched topic. */
  base: Balance;
  window: Window | undefined;
  /** What the last window that closed owed. */
  owed: number;
  /** What was owed when sums were compared at rest. */
  balanced: number;
  /** Told until the process ends: what comes later cannot be told from what is missing. */
  short: string | undefined;
}

interface Captured {
  readonly tally: Tally;
  /** Read after the tally, so that everything in it lies before them. */
  readonly ends: Ends;
  readonly rest: number | undefined;
}

/**
 * Follows what was confirmed through every enrichment, window by window: whether it is on the topic of its table, whether the
 * enrichment gave as many outcomes, and whether they are written. It proves the way; the audit proves the source. What falls short
 * does so for certain. Repeats lie on the topics, too, and while rows flow, those that came meanwhile: whenever the reader is at
 * rest and an enrichment has finished everything, the sums have to be equal, and what there is more is left out from then on.
 */
export class WindowWatch {
  readonly #settings: WindowWatchSettings;
  readonly #tallies: Tallies;
  readonly #written: WrittenEnds;
  #admin: KafkaAdmin | undefined;

  constructor(settings: WindowWatchSettings) {
    this.#settings = settings;
    this.#written = new WrittenEnds(this.#kafka, settings.written);
    const sources = new Map(
      Object.values(settings.definition.sources).map(({ table }) => [`${table.schema}.${table.name}`, table]),
    );
    this.#tallies = new Tallies((name) => {
      const table = sources.get(name);
      return table === undefined ? [] : enrichmentsOfTable(settings.definition, table);
    });
  }

  confirmed(marks: readonly { readonly commitLsn: bigint; readonly counts: readonly TableCount[] }[]): void {
    for (const { commitLsn, counts } of marks) this.#tallies.confirmed(commitLsn, counts);
  }

  /** `commitLsn`: of the transaction that the stream is in. Until `signal` aborts. */
  async run(commitLsn: () => bigint, signal: AbortSignal): Promise<void> {
    const { logger, lookIntervalMs = LOOK_INTERVAL_MS } = this.#settings;
    let ways: readonly Way[] | undefined;
    let bases = new Map<string, Balance>();
    while (await pause(ways === undefined ? 0 : lookIntervalMs, signal)) {
      try {
        this.#admin ??= await connectKafkaAdmin(this.#kafka);
        if (ways === undefined) {
          bases = await this.#basesOf(this.#admin);
          ways = await this.#waysOf(this.#admin);
          this.#tallies.begin(commitLsn());
        }
        await this.#look(this.#admin, bases, ways);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ err: error }, 'the windows could not be looked at: it is tried again');
        await this.#admin?.close().catch(() => {});
        this.#admin = undefined;
        if (!(await pause(lookIntervalMs, signal))) break;
      }
    }
    await this.#admin?.close().catch(() => {});
  }

  get #kafka() {
    const { definition, brokers, logger } = this.#settings;
    return { brokers, clientId: `${definition.pipeline}.reader`, logger };
  }

  async #basesOf(admin: KafkaAdmin): Promise<Map<string, Balance>> {
    const { pipeline, sources } = this.#settings.definition;
    const bases = new Map<string, Balance>();
    for (const { table } of Object.values(sources)) {
      const ends = await endsOf(admin, cdcTopic(pipeline, table.schema, table.name));
      bases.set(nameOf(table), { records: sumOf(ends), owed: 0 });
    }
    return bases;
  }

  async #waysOf(admin: KafkaAdmin): Promise<readonly Way[]> {
    const { sources, enrichments } = this.#settings.definition;
    const ways: Way[] = [];
    for (const [enrichment, { from }] of Object.entries(enrichments)) {
      const table = sources[from]?.table;
      if (table === undefined) continue;
      const base = { records: await this.#recordsOf(admin, enrichment), owed: 0 };
      ways.push({ enrichment, table, base, window: undefined, owed: 0, balanced: 0, short: undefined });
    }
    return ways;
  }

  async #look(admin: KafkaAdmin, bases: Map<string, Balance>, ways: readonly Way[]): Promise<void> {
    const {
      definition,
      metrics,
      telemetry,
      rest,
      openMaxMs = OPEN_MAX_MS,
      nowMs = Date.now,
    } = this.#settings;
    const wrong: string[] = [];
    const captured = new Map<string, Captured>();
    for (const [name, base] of bases) {
      const restBefore = rest();
      const tally = this.#tallies.of(name);
      const table = tableOf(definition, name);
      if (tally === undefined || table === undefined) continue;
      const ends = await endsOf(admin, cdcTopic(definition.pipeline, table.schema, table.name));
      const restAfter = rest();
      captured.set(name, { tally, ends, rest: restBefore === restAfter ? restAfter : undefined });
      const balance = { records: sumOf(ends), owed: tally.records };
      const missing = missingSince(base, balance);
      // Of a transaction before the beginning, or of a reader that was frozen.
      if (missing < 0 && restAfter !== undefined && restBefore === restAfter) bases.set(name, balance);
      metrics.unpublished(name, Math.max(0, missing));
      if (missing > 0)
        wrong.push(`${missing} records of ${name} up to ${formatLsn(tally.commitLsn)} are not on its topic`);
    }
    for (const way of ways) {
      const ofTable = captured.get(nameOf(way.table));
      if (ofTable !== undefined) {
        await this.#balance(admin, way, ofTable);
        await this.#follow(admin, way, ofTable);
      }
      const ageMs = way.window === undefined ? 0 : nowMs() - way.window.openedAtMs;
      metrics.open(way.enrichment, ageMs);
      if (way.short !== undefined) wrong.push(way.short);
      if (way.window?.stage === 'unwritten') wrong.push(unwrittenText(way, way.window));
      else if (way.window !== undefined && ageMs > openMaxMs) wrong.push(lateText(way, way.window, ageMs));
    }
    if (wrong.length === 0) telemetry.readiness.ready('windows');
    else telemetry.readiness.notReady('windows', `${wrong.join('; ')}: run \`afterglow audit\``);
  }

  /** Compares the sums once nothing is on its way. */
  async #balance(admin: KafkaAdmin, way: Way, { tally, ends, rest }: Captured): Promise<void> {
    const { enrichment, table } = way;
    const { pipeline } = this.#settings.definition;
    const owed = tally.owed.get(enrichment) ?? 0;
    if (rest === undefined || owed === way.balanced) return;
    const input = cdcTopic(pipeline, table.schema, table.name);
    const next = nextOf(await admin.lag(enricherGroup(pipeline, enrichment), [input]));
    // Outcomes are on the topic before the group says that it is past.
    const records = await this.#recordsOf(admin, enrichment);
    if (!isPast(next, ends) || this.#settings.rest() !== rest) return;
    const missing = missingSince(way.base, { records, owed });
    way.balanced = owed;
    this.#settings.metrics.balanced(enrichment, Math.max(0, -missing));
    if (missing < 0) way.base = { records, owed };
    if (missing > 0) this.#tellShort(way, missing, tally.commitLsn);
  }

  /** Those on its topic, and what needs none. */
  async #recordsOf(admin: KafkaAdmin, enrichment: string): Promise<bigint> {
    const ends = await endsOf(admin, enrichedTopic(this.#settings.definition.pipeline, enrichment));
    return sumOf(ends) + (await this.#unpaidOf(enrichment));
  }

  async #unpaidOf(enrichment: string): Promise<bigint> {
    return BigInt((await this.#settings.unpaid()).get(enrichment) ?? 0);
  }

  #tellShort(way: Way, missing: number, commitLsn: bigint): void {
    const { enrichment, table } = way;
    this.#settings.metrics.shortfall(enrichment, missing);
    way.short = `${missing} outcomes of ${enrichment} for ${nameOf(table)} up to ${formatLsn(commitLsn)} never came`;
  }

  async #follow(admin: KafkaAdmin, way: Way, { tally, ends }: Captured): Promise<void> {
    const { definition, metrics, nowMs = Date.now } = this.#settings;
    const { pipeline } = definition;
    const { enrichment, table, base } = way;
    const owed = tally.owed.get(enrichment) ?? 0;
    if (way.window === undefined && owed > way.owed) {
      const { commitLsn } = tally;
      way.window = { commitLsn, openedAtMs: nowMs(), owed, stage: 'enriching', ends };
    }
    if (way.window === undefined) return;
    const output = enrichedTopic(pipeline, enrichment);
    const input = cdcTopic(pipeline, table.schema, table.name);
    const isEnriching = way.window.stage === 'enriching';
    const lag = isEnriching
      ? await admin.lag(enricherGroup(pipeline, enrichment), [input])
      : await admin.lag(writerGroup(pipeline), [output]);
    const window = isEnriching ? way.window : { ...way.window, ends: stillKept(way.window.ends, lowOf(lag)) };
    const next = nextOf(lag);
    // In this order: what is committed was written before.
    const isWritten =
      !isEnriching && isPast(next, window.ends) && (await this.#written.isWritten(output, window.ends));
    const unpaid = await this.#unpaidOf(enrichment);
    const sight = { next, enriched: await endsOf(admin, output), unpaid, isWritten };
    const step = stepOf(window, sight, base);
    if (step.kind === 'open') {
      way.window = step.window;
      return;
    }
    way.owed = window.owed;
    way.window = undefined;
    if (step.shortfall === 0) metrics.closed(enrichment);
    else this.#tellShort(way, step.shortfall, window.commitLsn);
  }
}

const lateText = ({ enrichment, table }: Way, { commitLsn, stage }: Window, ageMs: number): string =>
  `${nameOf(table)} up to ${formatLsn(commitLsn)} is ${stage} for ${enrichment} since ${Math.round(ageMs / 1_000)} s`;

const unwrittenText = ({ enrichment, table }: Way, { commitLsn }: Window): string =>
  `the writer has committed offsets behind outcomes of ${enrichment} for ${nameOf(table)} up to ${formatLsn(commitLsn)} that are not in the side tables`;

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

const tableOf = ({ sources }: Definition, wanted: string): TableName | undefined =>
  Object.values(sources).find(({ table }) => nameOf(table) === wanted)?.table;

const endsOf = async (admin: KafkaAdmin, topic: string): Promise<Ends> =>
  new Map((await admin.ends(topic)).map(({ partition, high }) => [partition, high]));

const nextOf = (lag: readonly PartitionLag[]): Ends =>
  new Map(lag.map(({ partition, committed, low }) => [partition, committed ?? low]));

const lowOf = (lag: readonly PartitionLag[]): Ends =>
  new Map(lag.map(({ partition, low }) => [partition, low]));
