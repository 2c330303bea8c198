import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../../errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../lifecycle/backoff.ts';
import { pause } from '../../lifecycle/run-service.ts';
import type { TopicRecord } from '../topic-record.ts';
import type { Cluster } from './cluster.ts';
import { errorOf, isWritten, produceRequest, type SealedBatch } from './produce-protocol.ts';
import type { ProducerIdentity } from './record-batch.ts';
import type { RecordProducer } from './record-producer.ts';
import { RecordSet } from './record-set.ts';
import { sendFault, type Trouble, troubleOf } from './trouble.ts';

/** How long a send is repeated: whichever comes first. */
export interface Patience {
  readonly attemptsMax: number;
  readonly giveUpAfterMs: number;
}

/**
 * Mostly the time decides: a cluster misses a broker that died for 9 s before it names other leaders, and an attempt at a
 * broker that is gone takes seconds by itself.
 */
export const PATIENCE: Patience = { attemptsMax: 24, giveUpAfterMs: 15_000 };
const IDENTITY_ATTEMPTS_MAX = 9;
const AGAIN: BackoffLimits = { firstMs: 100, maxMs: 2_000 };
/** How long the broker may wait for its replicas. */
const REPLICAS_TIMEOUT_MS = 30_000;
/** Sequence numbers begin again behind this. */
const SEQUENCE_MAX = 0x7fffffff;

interface SequencedBatch extends SealedBatch {
  readonly count: number;
}

/** Sends of one producer, numbered so that the broker keeps each record once, however often it is sent. */
export class IdempotentProducer implements RecordProducer {
  readonly #cluster: Cluster;
  readonly #identity: ProducerIdentity;
  readonly #patience: Patience;
  readonly #random: () => number;
  /** By topic: the next number of each partition. */
  readonly #sequences = new Map<string, number[]>();
  readonly #own = new RecordSet();
  readonly #over = new AbortController();
  #lastTurn: Promise<void> = Promise.resolve();
  #failure: Fault | undefined;

  constructor(
    cluster: Cluster,
    identity: ProducerIdentity,
    patience: Patience,
    random: () => number = Math.random,
  ) {
    this.#cluster = cluster;
    this.#identity = identity;
    this.#patience = patience;
    this.#random = random;
  }

  async send(records: readonly TopicRecord[]): Promise<void> {
    await this.#inTurn(() => this.#sendRecords(records));
  }

  async sendSet(set: RecordSet): Promise<void> {
    await this.#inTurn(() => this.#sendSet(set));
  }

  /** Sequence numbers are given when a send begins, so the next one begins when it has ended. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => {});
    await turn;
  }

  async #sendRecords(records: readonly TopicRecord[]): Promise<void> {
    const set = this.#own;
    try {
      for (const record of records) {
        if (set.append(record)) continue;
        await this.#sendSet(set);
        set.clear();
        set.append(record);
      }
      if (set.count > 0) await this.#sendSet(set);
    } finally {
      set.clear();
    }
  }

  async #sendSet(set: RecordSet): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    let left: readonly SequencedBatch[] = Array.from(set.batches(), ({ topic, partition, batch }) => ({
      topic,
      partition,
      count: batch.count,
      bytes: batch.seal(this.#identity, this.#sequenceOf(topic, partition), Date.now()),
    }));
    const { attemptsMax, giveUpAfterMs } = this.#patience;
    const givenUpAtMs = performance.now() + giveUpAfterMs;
    for (let attempt = 0; left.length > 0; attempt++) {
      const { unwritten, trouble } = await this.#attempt(left);
      left = unwritten;
      if (left.length === 0) return;
      const mayGoOn = trouble.passes && attempt + 1 < attemptsMax && performance.now() < givenUpAtMs;
      const goesOn = mayGoOn && (await this.#wait(attempt));
      if (!goesOn) {
        this.#failure = sendFault(trouble);
        throw this.#failure;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // No attempt may open a connection again that nobody would close.
    this.#over.abort();
    await this.#cluster.disconnect();
    // Nor may one that was under way: it ends with what it is at, and may have connected again for that.
    await this.#lastTurn;
    await this.#cluster.disconnect();
  }

  /** False when the producer is closed meanwhile. */
  async #wait(attempt: number): Promise<boolean> {
    if (!(await pause(backoffMs(attempt, AGAIN, this.#random), this.#over.signal))) return false;
    // Somebody else may lead the partition now; when even that cannot be asked, the next attempt says so.
    await this.#cluster.refresh().catch(() => {});
    return !this.#over.signal.aborted;
  }

  /** Each batch to whoever leads its partition; the same bytes again until they are written, so never twice. */
  async #attempt(batches: readonly SequencedBatch[]): Promise<{
    readonly unwritten: readonly SequencedBatch[];
    readonly trouble: Trouble;
  }> {
    const byLeader = new Map<string, SequencedBatch[]>();
    const unwritten: SequencedBatch[] = [];
    let trouble: Trouble = { type: 'LEADER_NOT_AVAILABLE', passes: true };
    const failed = (which: readonly SequencedBatch[], why: Trouble): void => {
      unwritten.push(...which);
      // What lasts decides: the rest would only be tried in vain.
      if (trouble.passes) trouble = why;
    };
    for (const [place, batch] of batches.entries()) {
      if (this.#over.signal.aborted) break;
      try {
        const leader = await this.#cluster.leaderOf(batch.topic, batch.partition);
        if (leader === undefined) failed([batch], { type: 'LEADER_NOT_AVAILABLE', passes: true });
        else byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
      } catch (error) {
        // Seconds were spent on that: asking for every batch would take longer than the whole send may.
        failed(batches.slice(place), troubleOf(error));
        break;
      }
    }
    if (this.#over.signal.aborted) return { unwritten: batches, trouble };
    await Promise.all(
      Array.from(byLeader, async ([leader, theirs]) => {
        try {
          const answer = await this.#cluster.produce(leader, produceRequest(theirs, REPLICAS_TIMEOUT_MS));
          for (const batch of theirs) {
            const { topic, partition } = batch;
            const said = answer.partitions.find((one) => one.topic === topic && one.partition === partition);
            if (said === undefined) failed([batch], { type: 'NO_ANSWER', passes: true });
            else if (isWritten(said.errorCode)) this.#written(batch);
            else failed([batch], errorOf(said.errorCode));
          }
        } catch (error) {
          failed(theirs, troubleOf(error));
        }
      }),
    );
    return { unwritten, trouble };
  }

  #sequenceOf(topic: string, partition: number): number {
    return this.#sequences.get(topic)?.[partition] ?? 0;
  }

  #written({ topic, partition, count }: SequencedBatch): void {
    let partitions = this.#sequences.get(topic);
    if (partitions === undefined) {
      partitions = [];
      this.#sequences.set(topic, partitions);
    }
    partitions[partition] = (this.#sequenceOf(topic, partition) + count) & SEQUENCE_MAX;
  }
}

/** A broker that has just started may not be ready to name producers. */
export async function newIdentity(cluster: Cluster): Promise<ProducerIdentity> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await cluster.newProducer();
    } catch (error) {
      if (attempt + 1 >= IDENTITY_ATTEMPTS_MAX || !troubleOf(error).passes) throw error;
      await wait(backoffMs(attempt, AGAIN, Math.random));
    }
  }
}
