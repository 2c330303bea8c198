import { enrichmentsOfTable } from '../../../shared/config/definition.ts';
import { isChangeEvent } from '../../../shared/contracts/change-guard.ts';
import { isEnrichedEvent } from '../../../shared/contracts/enriched-guard.ts';
import { cdcTopic, enrichedTopic } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { partitionOf } from '../../../shared/kafka/partitioner.ts';
import { readPartition } from '../../../shared/kafka/read-partition.ts';
import { findTable, readCatalog } from '../../../shared/postgres/catalog.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { readStoredState, type StoredState } from '../../../shared/side-tables/stored-state.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { harmless } from '../../../shared/terminal/harmless.ts';
import { requireDefinition, requireSource } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { listenForInterruption } from '../up/interruption.ts';
import { hopLines } from './hop-lines.ts';
import { hopsOf, type SeenChange, type SeenOutcome, type TracedEnrichment } from './hops.ts';
import { readKey } from './row-key.ts';

export interface TraceOptions {
  /** Milliseconds. */
  readonly from?: number;
}

const FOUND_NOTHING = 1;
const INTERRUPTED = 130;
/** A change is published after its commit, by clocks that may differ a little. */
const BEFORE_COMMIT_MS = 60_000;
const FROM_DEFAULT_MS = 600_000;

export async function runTrace(
  invocation: Invocation,
  { from }: TraceOptions,
  source: string,
  keyText: string,
): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const { table: name, partitions } = requireSource(definition, source);
  const { databaseUrl: url, brokers } = chooseParts(invocation);
  const client = await connectDatabase({ url, applicationName: 'afterglow trace' });
  using interruption = listenForInterruption(() => process.exit(INTERRUPTED));
  const { pipeline } = definition;
  const logger = createLogger('trace', invocation.logLevel ?? 'silent');
  const reading: Reading = {
    kafka: { brokers, clientId: `${pipeline}.trace`, logger },
    signal: interruption.signal,
  };
  try {
    const table = findTable(await readCatalog(client), name);
    if (table === undefined) {
      throw new AfterglowError('definition_invalid', `Table ${name.schema}.${name.name} does not exist.`);
    }
    const key = await readKey(client, table, keyText);
    const names = enrichmentsOfTable(definition, name);
    const states = new Map<string, StoredState | undefined>();
    for (const each of names) {
      states.set(each, await readStoredState(client, await readEnrichmentTables(client, each), key.values));
    }
    const fromMs = from === undefined ? startOf([...states.values()]) : Date.now() - Math.ceil(from);
    const place: Place = { key: key.text, partition: partitionOf(key.text, partitions), fromMs };
    const changes = await readChanges(reading, cdcTopic(pipeline, name.schema, name.name), place);
    const enrichments: TracedEnrichment[] = [];
    for (const each of names) {
      const outcomes = await readOutcomes(reading, enrichedTopic(pipeline, each), place);
      enrichments.push({ enrichment: each, outcomes, state: states.get(each) });
    }
    const hops = hopsOf(changes, enrichments);
    if (output.isJson) for (const hop of hops) output.json(hop);
    else {
      const isThere = key.isThere ? 'the row is there' : 'there is no such row';
      output.line(
        `${source} ${harmless(key.text)}: ${isThere}; partition ${place.partition}, since ${new Date(fromMs).toISOString()}`,
      );
      for (const line of hopLines(hops, output.paint)) output.line(line);
      if (hops.length === 0) output.line('Nothing of it was found; --from reads further back.');
    }
    return hops.length === 0 ? FOUND_NOTHING : 0;
  } finally {
    await client.end();
  }
}

function startOf(states: readonly (StoredState | undefined)[]): number {
  const commits = states.flatMap((state) => (state === undefined ? [] : [state.committedAtMs]));
  return commits.length === 0
    ? Date.now() - FROM_DEFAULT_MS
    : Math.floor(Math.min(...commits)) - BEFORE_COMMIT_MS;
}

interface Reading {
  readonly kafka: KafkaSettings;
  readonly signal: AbortSignal;
}

interface Place {
  readonly key: string;
  readonly partition: number;
  readonly fromMs: number;
}

async function readChanges(reading: Reading, topic: string, place: Place): Promise<readonly SeenChange[]> {
  const found: SeenChange[] = [];
  for await (const { offset, timestampMs, value } of ofKey(reading, topic, place)) {
    const event = parsed(value);
    if (isChangeEvent(event)) found.push({ offset, publishedAtMs: timestampMs, event });
  }
  return found;
}

async function readOutcomes(reading: Reading, topic: string, place: Place): Promise<readonly SeenOutcome[]> {
  const found: SeenOutcome[] = [];
  for await (const { offset, timestampMs, value } of ofKey(reading, topic, place)) {
    const event = parsed(value);
    if (isEnrichedEvent(event)) found.push({ offset, publishedAtMs: timestampMs, event });
  }
  return found;
}

/** A partition holds other rows, too: only this one's records are kept. */
async function* ofKey({ kafka, signal }: Reading, topic: string, { key, partition, fromMs }: Place) {
  for await (const { offset, timestampMs, key: found, value } of readPartition(
    kafka,
    topic,
    partition,
    fromMs,
    signal,
  )) {
    if (value !== null && found?.toString('utf8') === key) yield { offset, timestampMs, value };
  }
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
