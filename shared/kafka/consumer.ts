import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { BoundedQueue, QueueLimits } from '../batching/bounded-queue.ts';
import { Spacing } from '../batching/spacing.ts';
import { Fault } from '../errors/policy.ts';
import { pause } from '../lifecycle/run-service.ts';
import { type Admission, stayingMember } from './admission.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { queueOf } from './fetched-queue.ts';
import { appendedAs, endLost } from './log-end.ts';
import { Membership } from './membership.ts';
import {
  type Assignment,
  type OffsetToCommit,
  OffsetTracker,
  type RecordPlace,
  type UncommittedStretch,
} from './offsets.ts';

export type RecordHeaders = Readonly<Record<string, unknown>>;

export interface FetchedRecord extends RecordPlace {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Only where they were asked for. */
  readonly headers?: RecordHeaders;
  /** When the broker took it. */
  readonly timestampMs: number;
}

export interface ConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Fetched and not yet taken, of each topic. */
  readonly window: QueueLimits;
  /** How long the broker may wait for something to give: as long it takes until a topic is fetched again that was full. */
  readonly fetchWaitMaxMs?: number;
  /** Fetches are that far apart, while the broker has little to give: what comes meanwhile comes together. */
  readonly fetchIntervalMs?: number | (() => number);
  readonly withHeaders?: boolean;
  /** Asked after each assignment: until it resolves, no record is handed over. When it rejects, the queues close with that. */
  readonly admit?: (admission: Admission) => Promise<void>;
  readonly onAssigned?: (partitionCount: number) => void;
  readonly onRevoked?: () => void;
  /** Kafka has these now. */
  readonly onCommitted?: (offsets: readonly OffsetToCommit[]) => void;
}

/** A member of a consumer group: takes records from `queue`, says which are finished, offsets follow by themselves. */
export interface RecordConsumer extends AsyncDisposable {
  /** Of the first topic, for those who have only one. */
  readonly queue: BoundedQueue<FetchedRecord>;
  /** By topic: one that is full holds no other back. */
  readonly queues: ReadonlyMap<string, BoundedQueue<FetchedRecord>>;
  /** Everything about these records is safe elsewhere. The contiguous prefix is committed soon after. */
  finish(records: Iterable<RecordPlace>): void;
  /** Records of an ended membership are taken from the queue but not worked on. */
  isCurrent(record: RecordPlace): boolean;
  /** What was taken up and would come again after a restart. */
  uncommitted(): readonly UncommittedStretch[];
}

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 2_000;
const COMMIT_INTERVAL_MS = 200;
/** A broker that does not know yet that it leads says so again and again. */
const BEGIN_ANEW_AFTER_MS = 200;
const FETCH_WAIT_MAX_MS = 500;
/** Per partition; the queue's own byte limit is what bounds memory beyond one fetch. */
const PARTITION_FETCH_BYTES_MAX = 524_288;
const FETCH_BYTES_MAX = 2 * 1_048_576;
const PARTITIONS_AT_ONCE_MAX = 100;

export async function connectConsumer(
  settings: KafkaSettings,
  options: ConsumerOptions,
): Promise<RecordConsumer> {
  const consumer = createKafka(settings).consumer({
    groupId: options.group,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    maxWaitTimeInMs: options.fetchWaitMaxMs ?? FETCH_WAIT_MAX_MS,
    maxBytesPerPartition: PARTITION_FETCH_BYTES_MAX,
    maxBytes: FETCH_BYTES_MAX,
    retry: { retries: 8, initialRetryTime: 200, maxRetryTime: 2_000 },
  });
  const member = new GroupMember(consumer, options);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    await member.run();
  } catch (error) {
    await consumer.disconnect().catch(() => {});
    throw kafkaUnreachable(settings.brokers, error);
  }
  return member;
}

class GroupMember implements RecordConsumer {
  readonly queue: BoundedQueue<FetchedRecord>;
  readonly queues: ReadonlyMap<string, BoundedQueue<FetchedRecord>>;
  readonly #paused = new Set<string>();
  readonly #spacing: Spacing | undefined;
  /** Of the fetch that is being handed over. */
  #turn: Promise<void> | undefined;
  readonly #consumer: Consumer;
  readonly #options: ConsumerOptions;
  readonly #tracker = new OffsetTracker();
  readonly #membership = new Membership();
  readonly #closing = new AbortController();
  #assignment: { current: boolean } = { current: false };
  /** While it is being asked for. */
  #admission: Promise<void> | undefined;
  #committing: Promise<void> = Promise.resolve();
  #beginning: Promise<void> = Promise.resolve();

  constructor(consumer: Consumer, options: ConsumerOptions) {
    this.#consumer = consumer;
    this.#options = options;
    const queues = options.topics.map((topic) => [topic, queueOf(options.window)] as const);
    this.queues = new Map(queues);
    this.queue = queues[0]?.[1] ?? queueOf(options.window);
    this.#spacing = options.fetchIntervalMs === undefined ? undefined : new Spacing(options.fetchIntervalMs);
  }

  async run(): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assignment.current = false;
      if (!this.#membership.joined(payload.memberId)) {
        this.#beginning = this.#beginning.then(() => this.#beginAnew());
        return;
      }
      this.#assignment = { current: true };
      const admission = this.#admit(this.#assignment, payload.memberAssignment).finally(() => {
        if (this.#admission === admission) this.#admission = undefined;
      });
      this.#admission = admission;
    });
    consumer.on(consumer.events.REBALANCING, () => this.#revoke());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#revoke();
      if (payload.restart) return;
      this.#close(
        new Fault('unavailable', payload.error.name, 'the Kafka consumer ended', { cause: payload.error }),
      );
    });
    await this.#consume();
    this.#committing = this.#commitRegularly();
  }

  async #consume(): Promise<void> {
    await this.#consumer.run({
      // Off: with it every fetch would wait for a commit, ten times the time of the hop.
      autoCommit: false,
      eachBatchAutoResolve: false,
      // What was fetched together is handed over at once, however long one of it holds the next fetch back.
      partitionsConsumedConcurrently: this.#spacing === undefined ? 1 : PARTITIONS_AT_ONCE_MAX,
      eachBatch: (payload) => this.#take(payload),
    });
  }

  /** As another member, once nothing of this membership is on its way any more. */
  async #beginAnew(): Promise<void> {
    this.#revoke();
    try {
      await this.#consumer.stop();
      if (await pause(BEGIN_ANEW_AFTER_MS, this.#closing.signal)) await this.#consume();
    } catch (error) {
      this.#close(new Fault('unavailable', 'not_joined', 'the Kafka consumer ended', { cause: error }));
    }
  }

  finish(records: Iterable<RecordPlace>): void {
    this.#tracker.finish(records);
  }

  isCurrent(record: RecordPlace): boolean {
    return record.assignment.current;
  }

  uncommitted(): readonly UncommittedStretch[] {
    return this.#tracker.uncommitted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    this.#closing.abort();
    await this.#beginning;
    await this.#committing;
    await this.#commitMoved();
    await this.#consumer.disconnect();
  }

  #close(error?: unknown): void {
    for (const queue of this.queues.values()) queue.close(error);
  }

  #revoke(): void {
    this.#membership.stopped();
    this.#assignment.current = false;
    this.#options.onRevoked?.();
  }

  async #admit(assignment: Assignment, partitions: Admission['partitions']): Promise<void> {
    try {
      const commit = (offsets: readonly OffsetToCommit[]) => this.#consumer.commitOffsets([...offsets]);
      await this.#options.admit?.({ partitions, commit });
      if (assignment.current) this.#options.onAssigned?.(Object.values(partitions).flat().length);
    } catch (error) {
      if (assignment.current) this.#close(error);
    }
  }

  /**
   * Hands a fetched batch over and returns, since the client fetches no more until then. While the queue is full it holds,
   * or has other topics go on: what was not handed over is fetched again.
   */
  async #take({ batch, resolveOffset, heartbeat, isStale, isRunning }: EachBatchPayload): Promise<void> {
    const queue = this.queues.get(batch.topic);
    if (queue === undefined) return;
    const assignment: Assignment = this.#assignment;
    if (this.#admission !== undefined) await stayingMember(this.#admission, heartbeat, HEARTBEAT_INTERVAL_MS);
    for (const message of batch.messages) {
      while (queue.full && !queue.closed) {
        if (this.queues.size > 1) {
          this.#pause(batch.topic, queue);
          return;
        }
        await queue.roomAgain(HEARTBEAT_INTERVAL_MS);
        await heartbeat();
      }
      if (!isRunning() || isStale() || !assignment.current || queue.closed) return;
      const record: FetchedRecord = {
        topic: batch.topic,
        partition: batch.partition,
        offset: BigInt(message.offset),
        key: message.key,
        value: message.value,
        ...(this.#options.withHeaders === true ? { headers: message.headers ?? {} } : {}),
        timestampMs: Number(message.timestamp),
        assignment,
      };
      const appended = appendedAs(message);
      if (this.#tracker.hasLostEnd(record, appended)) return await this.#beginAgainAt(record);
      if (this.#tracker.start(record, appended)) queue.push(record);
      resolveOffset(message.offset);
    }
    await heartbeat();
    if (this.#spacing !== undefined && Number(batch.offsetLag()) === 0) await this.#nextFetch(this.#spacing);
  }

  /** Kafka is told first, since the next membership begins there; until it is, the same is fetched again. */
  async #beginAgainAt({ topic, partition, offset }: RecordPlace): Promise<void> {
    await this.#commitMoved();
    if (this.#tracker.movable().some((left) => left.topic === topic && left.partition === partition)) return;
    this.#close(endLost(topic, partition, offset));
  }

  /** All partitions of a fetch wait for the same turn. */
  async #nextFetch(spacing: Spacing): Promise<void> {
    this.#turn ??= spacing.turn().finally(() => {
      this.#turn = undefined;
    });
    await this.#turn;
  }

  #pause(topic: string, queue: BoundedQueue<FetchedRecord>): void {
    // Also when it is already: a client that was started anew knows nothing of it.
    this.#consumer.pause([{ topic }]);
    if (this.#paused.has(topic)) return;
    this.#paused.add(topic);
    void queue.roomAgain(Number.POSITIVE_INFINITY).then(() => {
      this.#paused.delete(topic);
      try {
        if (!queue.closed) this.#consumer.resume([{ topic }]);
      } catch {
        // Between two memberships: the next one has paused nothing.
      }
    });
  }

  async #commitRegularly(): Promise<void> {
    while (await pause(COMMIT_INTERVAL_MS, this.#closing.signal)) await this.#commitMoved();
  }

  async #commitMoved(): Promise<void> {
    const moved = this.#tracker.movable();
    if (moved.length === 0) return;
    try {
      await this.#consumer.commitOffsets([...moved]);
      this.#tracker.committed(moved);
      this.#options.onCommitted?.(moved);
    } catch {
      // Nothing is lost: it is tried again, and at worst the records are repeated after a restart.
    }
  }
}
