import { connect } from 'node:net';
import { LOOPBACK } from './ports.ts';

// One Metadata request by hand (version 4, oldest that names the cluster and that Kafka 4 answers): a client library would retry, log and keep connections.

const CORRELATION = 0x0a_f7_e2_67;
const ANSWER_DEADLINE_MS = 1_000;
const ANSWER_MAX_BYTES = 1_000_000;

export function metadataRequest(): Buffer {
  const client = Buffer.from('afterglow');
  const body = Buffer.alloc(10 + client.length + 5);
  body.writeInt16BE(3, 0); // Metadata
  body.writeInt16BE(4, 2);
  body.writeInt32BE(CORRELATION, 4);
  body.writeInt16BE(client.length, 8);
  client.copy(body, 10);
  body.writeInt32BE(0, 10 + client.length); // no topics
  body.writeInt8(0, 14 + client.length); // create none
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

export interface ClusterAnswer {
  readonly brokers: number;
  readonly clusterId: string | undefined;
}

/** Undefined when it is not an answer to our request. */
export function parseMetadata(answer: Buffer): ClusterAnswer | undefined {
  try {
    if (answer.readInt32BE(0) !== CORRELATION) return undefined;
    const brokers = answer.readInt32BE(8); // after throttle_time_ms
    let at = 12;
    const text = (): string | undefined => {
      const length = answer.readInt16BE(at);
      at += 2 + Math.max(0, length);
      return length < 0 ? undefined : answer.toString('utf8', at - length, at);
    };
    for (let broker = 0; broker < brokers; broker += 1) {
      at += 4; // node id
      text(); // host
      at += 4; // port
      text(); // rack
    }
    return { brokers, clusterId: text() };
  } catch {
    return undefined; // Cut short: something else listens there.
  }
}

/** Asks whoever listens on that port which cluster it is; undefined when there is no answer. */
export async function askCluster(port: number): Promise<ClusterAnswer | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    let received = Buffer.alloc(0);
    const finish = (answer?: ClusterAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_DEADLINE_MS, () => finish());
    socket.on('error', () => finish());
    socket.on('end', () => finish());
    socket.on('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const size = received.readInt32BE(0);
      if (size > ANSWER_MAX_BYTES) finish();
      else if (received.length >= 4 + size) finish(parseMetadata(received.subarray(4, 4 + size)));
    });
  });
}
