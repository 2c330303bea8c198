import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyOrder } from './key-order.ts';

interface Arrival {
  readonly id: number;
  readonly partition: number;
  /** undefined: a barrier. */
  readonly key: string | undefined;
}

const arrivals = fc
  .array(
    fc.record({
      partition: fc.nat(1),
      key: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c') }, fc.constant(undefined)),
    }),
    { maxLength: 40 },
  )
  .map((rows) => rows.map((row, id): Arrival => ({ id, ...row })));

const mustPrecede = (one: Arrival, other: Arrival): boolean =>
  one.id < other.id &&
  one.partition === other.partition &&
  (one.key === other.key || one.key === undefined || other.key === undefined);

test('rows settle in any order: each key keeps its own, a barrier stands between before and after, none is lost', () => {
  fc.assert(
    fc.property(arrivals, fc.infiniteStream(fc.nat()), (rows, choices) => {
      const order = new KeyOrder<Arrival>();
      const open = rows.map((row) => ({ row, place: order.add(row.partition, row.key) }));
      const released: Arrival[] = [];
      for (const choice of choices) {
        const [settling] = open.splice(choice % Math.max(1, open.length), 1);
        if (settling === undefined) break;
        released.push(...order.settle(settling.place, settling.row));
      }
      expect(released.map(({ id }) => id).toSorted((one, other) => one - other)).toEqual(
        rows.map(({ id }) => id),
      );
      for (const [place, row] of released.entries()) {
        const late = released.slice(place + 1).filter((later) => mustPrecede(later, row));
        expect(late).toEqual([]);
      }
    }),
  );
});

test('a row whose own key is free is released at once, whatever is open beside it', () => {
  const order = new KeyOrder<{ id: number }>();
  order.add(0, 'a');
  const b = order.add(0, 'b');
  const otherPartition = order.add(1, 'a');
  expect(order.settle(b, { id: 1 })).toEqual([{ id: 1 }]);
  expect(order.settle(otherPartition, { id: 2 })).toEqual([{ id: 2 }]);
});
