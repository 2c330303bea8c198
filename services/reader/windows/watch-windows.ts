import type { Definition } from '../../../shared/config/definition.ts';
import { enrichmentsOfTable } from '../../../shared/config/definition.ts';
import { formatLsn } from '../../../shared/contracts/position.ts';
import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { TableCount } from '../publisher.ts';
import type { WindowMetrics } from './metrics.ts';
import { Tallies, type Tally } from './tally.ts';
import { type Ends, stepOf, sumOf, type Window } from './window.ts';

const LOOK_INTERVAL_MS = 5_000;
/** Longer than a restart of any part takes; a model that is away for longer is worth a look. */
const OPEN_MAX_MS = 300_000;

export interface WindowWatchSettings
  extends Pick<ServiceSettings, 'definition' | 'brokers' | 'logger' | 'telemetry'> {
  readonly metrics: WindowMetrics;
  readonly lookIntervalMs?: number;
  readonly openMaxMs?: number;
  readonly nowMs?: () => number;
}

interface Way {
  readonly enrichment: string;
  readonly table: TableName;
  readonly base: Ends;
  window: Window | undefined;
  /** What the last window that closed owed. */
  owed: number;
  /** Told until the process ends: what comes later cannot be told from what is missing. */
  short: string | undefined;
}

interface Captured {
  readonly tally: Tally;
  /** Read after the tally, so that everything in it lies before them. */
  readonly ends: Ends;
}

/**
 * Follows what was confirmed through every enrichment, window by window: whether it is on the topic of its table, whether the
 * enrichment gave as many outcomes, and whether they are written. It proves the way; the audit proves the source. Counts can
 * hide behind repeats and tombstones, which also lie on the topics; what falls short does so for certain.
 */
export class WindowWatch {
  readonly #settings: WindowWatchSettings;
  readonly #tallies: Tallies;
  #admin: KafkaAdmin | undefined;

  constructor(settings: WindowWatchSettings) {
    this.#settings = settings;
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
    let bases: ReadonlyMap<string, Ends> = new Map();
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

  async #basesOf(admin: KafkaAdmin): Promise<ReadonlyMap<string, Ends>> {
    const { pipeline, sources } = this.#settings.definition;
    const bases = new Map<string, Ends>();
    for (const { table } of Object.values(sources)) {
      bases.set(nameOf(table), await endsOf(admin, cdcTopic(pipeline, table.schema, table.name)));
    }
    return bases;
  }

  async #waysOf(admin: KafkaAdmin): Promise<readonly Way[]> {
    const { pipeline, sources, enrichments } = this.#settings.definition;
    const ways: Way[] = [];
    for (const [enrichment, { from }] of Object.entries(enrichments)) {
      const table = sources[from]?.table;
      if (table === undefined) continue;
      const base = await endsOf(admin, enrichedTopic(pipeline, enrichment));
      ways.push({ enrichment, table, base, window: undefined, owed: 0, short: undefined });
    }
    return ways;
  }

  async #look(admin: KafkaAdmin, bases: ReadonlyMap<string, Ends>, ways: readonly Way[]): Promise<void> {
    const { definition, metrics, telemetry, openMaxMs = OPEN_MAX_MS, nowMs = Date.now } = this.#settings;
    const wrong: string[] = [];
    const captured = new Map<string, Captured>();
    for (const [name, base] of bases) {
      const tally = this.#tallies.of(name);
      const table = tableOf(definition, name);
      if (tally === undefined || table === undefined) continue;
      const ends = await endsOf(admin, cdcTopic(definition.pipeline, table.schema, table.name));
      captured.set(name, { tally, ends });
      const missing = Math.max(0, tally.published - Number(sumOf(ends) - sumOf(base)));
      metrics.unpublished(name, missing);
      if (missing > 0)
        wrong.push(`${missing} events of ${name} up to ${formatLsn(tally.commitLsn)} are not on its topic`);
    }
    for (const way of ways) {
      await this.#follow(admin, way, captured.get(nameOf(way.table)));
      const ageMs = way.window === undefined ? 0 : nowMs() - way.window.openedAtMs;
      metrics.open(way.enrichment, ageMs);
      if (way.short !== undefined) wrong.push(way.short);
      if (way.window !== undefined && ageMs > openMaxMs) wrong.push(lateText(way, way.window, ageMs));
    }
    if (wrong.length === 0) telemetry.readiness.ready('windows');
    else telemetry.readiness.notReady('windows', `${wrong.join('; ')}: run \`afterglow audit\``);
  }

  async #follow(admin: KafkaAdmin, way: Way, captured: Captured | undefined): Promise<void> {
    const { definition, metrics, nowMs = Date.now } = this.#settings;
    const { pipeline } = definition;
    const { enrichment, table, base } = way;
    if (captured === undefined) return;
    const { tally, ends } = captured;
    const owed = tally.owed.get(enrichment) ?? 0;
    if (way.window === undefined && owed > way.owed) {
      const { commitLsn } = tally;
      way.window = { commitLsn, openedAtMs: nowMs(), owed, stage: 'enriching', ends };
    }
    const { window } = way;
    if (window === undefined) return;
    const output = enrichedTopic(pipeline, enrichment);
    const input = cdcTopic(pipeline, table.schema, table.name);
    const next =
      window.stage === 'enriching'
        ? await nextOf(admin, enricherGroup(pipeline, enrichment), input)
        : await nextOf(admin, writerGroup(pipeline), output);
    const step = stepOf(window, { next, enriched: await endsOf(admin, output) }, base);
    if (step.kind === 'open') {
      way.window = step.window;
      return;
    }
    way.owed = window.owed;
    way.window = undefined;
    if (step.shortfall === 0) metrics.closed(enrichment);
    else {
      metrics.shortfall(enrichment, step.shortfall);
      way.short = `${step.shortfall} outcomes of ${enrichment} for ${nameOf(table)} up to ${formatLsn(window.commitLsn)} never came`;
    }
  }
}

const lateText = ({ enrichment, table }: Way, { commitLsn, stage }: Window, ageMs: number): string =>
  `${nameOf(table)} up to ${formatLsn(commitLsn)} is ${stage} for ${enrichment} since ${Math.round(ageMs / 1_000)} s`;

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

const tableOf = ({ sources }: Definition, wanted: string): TableName | undefined =>
  Object.values(sources).find(({ table }) => nameOf(table) === wanted)?.table;

const endsOf = async (admin: KafkaAdmin, topic: string): Promise<Ends> =>
  new Map((await admin.ends(topic)).map(({ partition, high }) => [partition, high]));

async function nextOf(admin: KafkaAdmin, group: string, topic: string): Promise<Ends> {
  const lag = await admin.lag(group, [topic]);
  return new Map(lag.map(({ partition, committed, low }) => [partition, committed ?? low]));
}
