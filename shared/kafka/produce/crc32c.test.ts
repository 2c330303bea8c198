import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

test.each([
  ['the check value of the algorithm', Buffer.from('123456789'), 0xe3069283],
  ['nothing', Buffer.alloc(0), 0],
  ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 bytes counting up', Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)), 0x46dd794e],
])('the sum of %s is the published one', (_, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});

test('only the bytes between are summed, wherever they begin', () => {
  for (let before = 0; before < 9; before++) {
    const bytes = Buffer.concat([Buffer.alloc(before, 7), Buffer.from('123456789'), Buffer.alloc(5, 7)]);
    expect(crc32c(bytes, before, before + 9)).toBe(0xe3069283);
  }
});
