import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createLogger } from '../../telemetry/logger.ts';
import { createKafka } from '../connect.ts';
import { connectProducer } from '../producer.ts';
import { clusterOf } from './cluster.ts';

const METADATA = 3;
const API_VERSIONS = 18;
const INIT_PRODUCER_ID = 22;
const LEADER_NOT_AVAILABLE = 5;
const CLUSTER_AUTHORIZATION_FAILED = 31;

const int16 = (value: number) => Buffer.of((value >> 8) & 255, value & 255);
const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value)]);
const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)]);
const list = (...items: Buffer[]) => Buffer.concat([int32(items.length), ...items]);
const NO_TEXT = int16(-1);
const VERSIONS = [
  [API_VERSIONS, 2],
  [METADATA, 6],
  [INIT_PRODUCER_ID, 1],
] as const;

/** One partition of a topic that is no business of ours, on a broker that is away. */
function metadata(port: number): Buffer {
  const broker = Buffer.concat([int32(1), text('127.0.0.1'), int32(port), NO_TEXT]);
  const partition = [
    int16(LEADER_NOT_AVAILABLE),
    int32(0),
    int32(-1),
    list(int32(2)),
    list(),
    list(int32(2)),
  ];
  const topic = Buffer.concat([int16(0), text('foreign'), Buffer.of(0), list(Buffer.concat(partition))]);
  return Buffer.concat([int32(0), list(broker), NO_TEXT, int32(1), list(topic)]);
}

/** As much of a broker as this takes, since no real one alone can have a partition without a leader. */
async function brokerThatNames(producer: { readonly errorCode: number; readonly dropsFirst?: boolean }) {
  let drops = producer.dropsFirst === true;
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        answer(socket, bytes.subarray(4));
        bytes = bytes.subarray(4 + bytes.readInt32BE(0));
      }
    });
  });
  const answer = (socket: Socket, request: Buffer): void => {
    const { port } = server.address() as AddressInfo;
    const bodies: Readonly<Record<number, () => Buffer>> = {
      [API_VERSIONS]: () => {
        const ranges = VERSIONS.map(([key, max]) => Buffer.concat([int16(key), int16(0), int16(max)]));
        return Buffer.concat([int16(0), list(...ranges), int32(0)]);
      },
      [METADATA]: () => metadata(port),
      [INIT_PRODUCER_ID]: () =>
        Buffer.concat([int32(0), int16(producer.errorCode), int32(0), int32(4_711), int16(3)]),
    };
    const body = bodies[request.readInt16BE(0)]?.() ?? Buffer.alloc(0);
    if (drops && request.readInt16BE(0) === INIT_PRODUCER_ID) {
      drops = false;
      socket.end(Buffer.concat([int32(4 + body.length), request.subarray(4, 8), body.subarray(0, 3)]));
      return;
    }
    socket.write(Buffer.concat([int32(4 + body.length), request.subarray(4, 8), body]));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    settings: {
      brokers: [`127.0.0.1:${port}`],
      clientId: 'test',
      logger: createLogger('test', 'silent'),
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

test("a producer gets its id while somebody else's topic has no leader", async () => {
  await using broker = await brokerThatNames({ errorCode: 0 });
  const cluster = clusterOf(createKafka(broker.settings));
  await cluster.connect();
  try {
    expect(await cluster.newProducer()).toEqual({ id: 4_711n, epoch: 3 });
  } finally {
    await cluster.disconnect();
  }
});

test('a broker that refuses to name a producer is not said to be away', async () => {
  await using broker = await brokerThatNames({ errorCode: CLUSTER_AUTHORIZATION_FAILED });
  await expect(connectProducer(broker.settings)).rejects.toMatchObject({
    kind: 'set_up',
    code: 'CLUSTER_AUTHORIZATION_FAILED',
  });
});

test('half an answer, all that came of a connection that was lost, is not read as part of the next one', async () => {
  await using broker = await brokerThatNames({ errorCode: 0, dropsFirst: true });
  const producer = await connectProducer(broker.settings);
  await producer[Symbol.asyncDispose]();
  expect(producer).toBeDefined();
});
