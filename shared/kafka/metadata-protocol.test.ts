import { expect, test } from 'vitest';
import { metadataRequest, parseTopicIds } from './metadata-protocol.ts';

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length + 1]), Buffer.from(value)]);
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const topic = (name: string, id: string, errorCode = 0): Buffer =>
  Buffer.concat([
    Buffer.from([0, errorCode]),
    text(name),
    Buffer.from(id, 'hex'),
    Buffer.from([0, 2]), // not internal, one partition
    Buffer.from([0, 0]),
    int32(0),
    int32(1),
    int32(7),
    ...[Buffer.from([2]), int32(1), Buffer.from([2]), int32(1), Buffer.from([1])],
    Buffer.from([0]),
    int32(-2_147_483_648),
    Buffer.from([0]),
  ]);

const ID = '0123456789abcdef0123456789abcdef';
const answer = Buffer.concat([
  Buffer.from([1, 9, 2, 0xff, 0xff]), // a tag that nobody knows
  int32(0),
  Buffer.from([2]),
  int32(1),
  text('broker'),
  int32(9092),
  Buffer.from([0, 0]),
  text('cluster'),
  int32(1),
  Buffer.from([4]),
  topic('there', ID),
  topic('missing', '00'.repeat(16), 3),
  topic('other', ID.toUpperCase()),
  Buffer.from([0]),
]);

test('ids are read from the midst of an answer, and a topic without one has none', () => {
  const { ids, unheard } = parseTopicIds(answer);
  expect([...ids]).toEqual([
    ['there', ID],
    ['other', ID],
  ]);
  expect(unheard).toEqual(['missing']);
});

test('an answer that ends in its middle is no answer', () => {
  for (let length = 0; length < answer.length - 1; length += 1) {
    expect(() => parseTopicIds(answer.subarray(0, length)), `${length} bytes`).toThrow(RangeError);
  }
});

test('topics are asked for by name, however long it is', () => {
  const long = 'n'.repeat(200);
  const request = metadataRequest([long]);
  expect(request.subarray(0, 2)).toEqual(Buffer.from([0, 2]));
  expect(request.subarray(18, 20)).toEqual(Buffer.from([0xc9, 0x01]));
  expect(request.subarray(20, 220).toString()).toBe(long);
  expect(request.subarray(220)).toEqual(Buffer.from([0, 0, 0, 0]));
});
