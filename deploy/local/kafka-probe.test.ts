import { expect, test } from 'vitest';
import { metadataRequest, parseMetadata } from './kafka-probe.ts';

/** An answer of a cluster with one broker on 127.0.0.1 and the id "abc". */
function answer(): Buffer {
  const correlation = metadataRequest().subarray(8, 12);
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const noText = Buffer.from([0xff, 0xff]);
  const number = (value: number): Buffer => Buffer.from([0, 0, 0, value]);
  return Buffer.concat([
    correlation,
    number(0), // throttle_time_ms
    number(1), // brokers
    ...[number(1), text('127.0.0.1'), number(9), noText],
    text('abc'),
    number(1), // controller
    number(0), // topics
  ]);
}

test('brokers and cluster are read from the answer', () => {
  expect(parseMetadata(answer())).toEqual({ brokers: 1, clusterId: 'abc' });
});

test('something else that answers on the port is not Kafka', () => {
  expect(parseMetadata(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toBeUndefined();
  expect(parseMetadata(answer().subarray(0, 20))).toBeUndefined();
});

test('the request says its own length', () => {
  expect(metadataRequest().readInt32BE(0)).toBe(metadataRequest().length - 4);
});
