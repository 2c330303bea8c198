import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePoints, fitting } from './characters.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'é', 'न', '字', '😀', '👩‍💻'),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
});

test('code points are counted as a loop over the text counts them', () => {
  fc.assert(
    fc.property(text, (each) => {
      expect(codePoints(each)).toBe([...each].length);
    }),
    { seed: 5 },
  );
});

test('what fits is the longest beginning within the bytes, and never ends in half a character', () => {
  fc.assert(
    fc.property(text, fc.nat(60), fc.integer({ min: 4, max: 40 }), (raw, from, bytesMax) => {
      const each = raw.toWellFormed();
      const start = [...each].slice(0, from).join('').length;
      const cut = fitting(each, start, bytesMax);
      expect(each.slice(start).startsWith(cut)).toBe(true);
      expect(cut.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
      const next = [...each.slice(start + cut.length)][0];
      if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(bytesMax);
    }),
    { seed: 5 },
  );
});
