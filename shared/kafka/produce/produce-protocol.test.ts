import { expect, test } from 'vitest';
import { errorOf, isWritten, parseProduceAnswer } from './produce-protocol.ts';
import { sendFault } from './trouble.ts';

/** Two topics, the second with two partitions, and a wish to be left alone. */
const ANSWER = Buffer.from(
  [
    '00000002',
    '000161',
    '00000001',
    '00000003000000000000000000070000000000000000',
    '00026262',
    '00000002',
    '00000000000600000000000000000000000000000000',
    '00000001002e00000000000000000000000000000000',
    '000003e8',
  ].join(''),
  'hex',
);

test('an answer says of every partition whether it was written', () => {
  expect(parseProduceAnswer(ANSWER)).toEqual({
    partitions: [
      { topic: 'a', partition: 3, errorCode: 0 },
      { topic: 'bb', partition: 0, errorCode: 6 },
      { topic: 'bb', partition: 1, errorCode: 46 },
    ],
    throttleMs: 1_000,
  });
});

test('an answer that ends anywhere in its middle is an error with a name, never a guess', () => {
  for (let length = 0; length < ANSWER.length; length++) {
    expect(() => parseProduceAnswer(ANSWER.subarray(0, length))).toThrow(RangeError);
  }
});

test('written is what the broker has, now or from an earlier attempt; a code nobody knows is not tried again', () => {
  expect([0, 46, 6].map(isWritten)).toEqual([true, true, false]);
  expect(errorOf(999)).toEqual({ type: 'KAFKA_ERROR_999', passes: false });
});

test.each([
  [32, 'INVALID_TIMESTAMP'],
  [43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
  [76, 'UNSUPPORTED_COMPRESSION_TYPE'],
  [87, 'INVALID_RECORD'],
])('records that a topic will never take (%i) ask for somebody, not for another try', (errorCode, code) => {
  expect(sendFault(errorOf(errorCode))).toMatchObject({ kind: 'set_up', code });
});

test.each([
  [-1, 'UNKNOWN_SERVER_ERROR'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
  [47, 'INVALID_PRODUCER_EPOCH'],
  [59, 'UNKNOWN_PRODUCER_ID'],
  [90, 'PRODUCER_FENCED'],
])('what ends this producer (%i) is mended by the next one', (errorCode, code) => {
  expect(errorOf(errorCode)).toEqual({ type: code, passes: false });
  expect(sendFault(errorOf(errorCode)).kind).toBe('unavailable');
});
