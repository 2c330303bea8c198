// Kafka's Produce request, version 3: the oldest that carries record batches of format 2, and the oldest that Kafka 4 takes.

export const PRODUCE = { apiKey: 0, apiVersion: 3, apiName: 'Produce' } as const;

const ALL_IN_SYNC = -1;

export interface SealedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

export function produceRequest(batches: readonly SealedBatch[], timeoutMs: number): Buffer {
  const parts: Buffer[] = [];
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  const head = Buffer.alloc(12);
  head.writeInt16BE(-1, 0); // no transaction
  head.writeInt16BE(ALL_IN_SYNC, 2);
  head.writeInt32BE(timeoutMs, 4);
  head.writeInt32BE(topics.size, 8);
  parts.push(head);
  for (const [topic, partitions] of topics) {
    const name = Buffer.from(topic);
    const topicHead = Buffer.alloc(2 + name.length + 4);
    topicHead.writeInt16BE(name.length, 0);
    name.copy(topicHead, 2);
    topicHead.writeInt32BE(partitions.length, 2 + name.length);
    parts.push(topicHead);
    for (const { partition, bytes } of partitions) {
      const partitionHead = Buffer.alloc(8);
      partitionHead.writeInt32BE(partition, 0);
      partitionHead.writeInt32BE(bytes.length, 4);
      parts.push(partitionHead, bytes);
    }
  }
  return Buffer.concat(parts);
}

export interface PartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

export interface ProduceAnswer {
  readonly partitions: readonly PartitionAnswer[];
  /** How long the broker wants to be left alone. */
  readonly throttleMs: number;
}

/** Throws a RangeError when the answer ends in its middle. */
export function parseProduceAnswer(answer: Buffer): ProduceAnswer {
  const partitions: PartitionAnswer[] = [];
  let at = 4;
  for (let topics = answer.readInt32BE(0); topics > 0; topics--) {
    const nameBytes = answer.readInt16BE(at);
    const topic = answer.toString('utf8', at + 2, at + 2 + nameBytes);
    at += 2 + nameBytes;
    const count = answer.readInt32BE(at);
    at += 4;
    for (let index = 0; index < count; index++) {
      partitions.push({ topic, partition: answer.readInt32BE(at), errorCode: answer.readInt16BE(at + 4) });
      at += 4 + 2 + 8 + 8; // with the first offset and the log's time
    }
  }
  return { partitions, throttleMs: answer.readInt32BE(at) };
}

interface KafkaError {
  readonly type: string;
  /** Passes by itself, or with a look at who leads the partition now. */
  readonly passes: boolean;
}

const passing = (type: string): KafkaError => ({ type, passes: true });
const lasting = (type: string): KafkaError => ({ type, passes: false });

/** What a broker may answer to a send, by Kafka's own names. */
const ERRORS: ReadonlyMap<number, KafkaError> = new Map([
  [-1, lasting('UNKNOWN_SERVER_ERROR')],
  [2, passing('CORRUPT_MESSAGE')],
  [3, passing('UNKNOWN_TOPIC_OR_PARTITION')],
  [5, passing('LEADER_NOT_AVAILABLE')],
  [6, passing('NOT_LEADER_OR_FOLLOWER')],
  [7, passing('REQUEST_TIMED_OUT')],
  [10, lasting('MESSAGE_TOO_LARGE')],
  [13, passing('NETWORK_EXCEPTION')],
  [17, lasting('INVALID_TOPIC_EXCEPTION')],
  [18, lasting('RECORD_LIST_TOO_LARGE')],
  [19, passing('NOT_ENOUGH_REPLICAS')],
  [20, passing('NOT_ENOUGH_REPLICAS_AFTER_APPEND')],
  [29, lasting('TOPIC_AUTHORIZATION_FAILED')],
  [31, lasting('CLUSTER_AUTHORIZATION_FAILED')],
  [32, lasting('INVALID_TIMESTAMP')],
  [35, lasting('UNSUPPORTED_VERSION')],
  [43, lasting('UNSUPPORTED_FOR_MESSAGE_FORMAT')],
  [44, lasting('POLICY_VIOLATION')],
  [45, lasting('OUT_OF_ORDER_SEQUENCE_NUMBER')],
  [47, lasting('INVALID_PRODUCER_EPOCH')],
  [56, passing('KAFKA_STORAGE_ERROR')],
  [59, lasting('UNKNOWN_PRODUCER_ID')],
  [76, lasting('UNSUPPORTED_COMPRESSION_TYPE')],
  [87, lasting('INVALID_RECORD')],
  [90, lasting('PRODUCER_FENCED')],
]);

const NONE = 0;
/** The answer to an earlier attempt was lost: the records are there, once. */
const DUPLICATE_SEQUENCE_NUMBER = 46;

export function isWritten(errorCode: number): boolean {
  return errorCode === NONE || errorCode === DUPLICATE_SEQUENCE_NUMBER;
}

export function errorOf(errorCode: number): KafkaError {
  return ERRORS.get(errorCode) ?? lasting(`KAFKA_ERROR_${errorCode}`);
}
