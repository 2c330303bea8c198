import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { CrashCount } from '../../shared/side-tables/crash-counts.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { afterEnd, Crashes, isOwnEnd } from './crash-counts.ts';

const stretch = (first: bigint, newest: bigint) => ({ topic: 't', partition: 0, first, newest });
const count = (ends: number, more: Partial<CrashCount> = {}): CrashCount => ({
  topic: 't',
  partition: 0,
  firstOffset: 10n,
  ends,
  newestOffset: 20n,
  row: undefined,
  ...more,
});

describe('an end', () => {
  test.each<[string, CrashCount | undefined, [bigint, bigint], bigint | undefined, Partial<CrashCount>]>([
    ['the first one', undefined, [10n, 20n], undefined, { ends: 1, firstOffset: 10n, newestOffset: 20n }],
    ['at the same place', count(1), [10n, 15n], undefined, { ends: 2, newestOffset: 20n }],
    ['at the same place, further on', count(2), [10n, 25n], undefined, { ends: 3, newestOffset: 25n }],
    ['further on within what was under way', count(2), [12n, 25n], undefined, { ends: 3, firstOffset: 12n }],
    ['behind all that', count(3), [30n, 31n], undefined, { ends: 1, firstOffset: 30n, newestOffset: 31n }],
    ['before it: the topic is another one', count(3), [2n, 4n], undefined, { ends: 1, firstOffset: 2n }],
    [
      'of a row alone',
      count(3),
      [12n, 12n],
      12n,
      { ends: 3, firstOffset: 12n, newestOffset: 20n, row: { offset: 12n, ends: 1 } },
    ],
    [
      'of the same row again',
      count(3, { firstOffset: 12n, row: { offset: 12n, ends: 1 } }),
      [12n, 12n],
      12n,
      { row: { offset: 12n, ends: 2 } },
    ],
    [
      'of another row alone',
      count(3, { firstOffset: 12n, row: { offset: 12n, ends: 2 } }),
      [14n, 14n],
      14n,
      { ends: 3, row: { offset: 14n, ends: 1 } },
    ],
  ])('%s', (_name, known, [first, newest], alone, expected) => {
    expect(afterEnd(known, stretch(first, newest), alone)).toMatchObject(expected);
  });
});

test.each([
  ['an error nobody named', new TypeError('x'), true],
  ['a fault nobody named', new Fault('unknown', 'x', 'x'), true],
  ['a defect', new AfterglowError('defect'), true],
  ['a part that is away', new AfterglowError('kafka_unreachable'), false],
  ['a model that is away', new Fault('unavailable', 'x', 'x'), false],
  ['a definition that was replaced', new AfterglowError('revision_unregistered'), false],
])('%s is its own end or not', (_name, error, expected) => {
  expect(isOwnEnd(error)).toBe(expected);
});

/** Three of many rows, two of one. */
const ENDS = 5;

interface Stored {
  readonly first: string;
  readonly ends: number;
  readonly newest: string;
  readonly row_offset: string | null;
  readonly row_ends: number;
}

/** A table of one partition's count, as the statements of crash-counts.ts see it. */
function database() {
  let stored: Stored | undefined;
  const query = async (text: string, values: readonly unknown[] = []) => {
    if (text.startsWith('delete')) stored = undefined;
    if (text.startsWith('insert')) {
      const [, , , first, ends, newest, rowOffset, rowEnds] = values;
      stored = {
        first: String(first),
        ends: Number(ends),
        newest: String(newest),
        row_offset: rowOffset === null ? null : String(rowOffset),
        row_ends: Number(rowEnds),
      };
    }
    return { rows: stored === undefined ? [] : [{ topic: 't', partition: 0, ...stored }] };
  };
  return { client: { query } as unknown as Queryable, stored: () => stored };
}

test('whatever the order in which rows finish, the one that ends the worker is failed after five ends, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(11),
      fc.integer({ min: 1, max: 12 }),
      fc.infiniteStream(fc.nat(1_000)),
      async (rows, place, windowMax, order) => {
        const poison = BigInt(place % rows);
        const { client, stored } = database();
        const assignment = { current: true };
        const at = (offset: bigint) => ({ topic: 't', partition: 0, offset, assignment });
        let committed = 0n;
        let ends = 0;
        const failed: bigint[] = [];
        while (committed < BigInt(rows)) {
          const crashes = await Crashes.read(client, 'g', 't', createLogger('test', 'silent'));
          const open = new Set<bigint>();
          let next = committed;
          let isEnded = false;
          while (!isEnded && committed < BigInt(rows)) {
            const alone = [next, ...open].some(
              (offset) => offset < BigInt(rows) && crashes.isAlone(at(offset)),
            );
            if (next < BigInt(rows) && open.size < (alone ? 1 : windowMax)) {
              if (crashes.taken(at(next)) !== undefined) {
                failed.push(next);
                open.add(next);
              } else open.add(next);
              next++;
              continue;
            }
            const finishing = [...open][(order.next().value ?? 0) % open.size] ?? 0n;
            if (finishing === poison && !failed.includes(poison)) {
              isEnded = true;
              continue;
            }
            open.delete(finishing);
            committed =
              open.size === 0 ? next : [...open].reduce((least, each) => (each < least ? each : least));
            await crashes.finished(client, [at(finishing)]);
          }
          if (!isEnded) break;
          ends++;
          await crashes.ended(client, [{ topic: 't', partition: 0, first: committed }]);
          expect(ends).toBeLessThanOrEqual(ENDS);
        }
        expect(ends).toBe(ENDS);
        expect(failed).toEqual([poison]);
        expect(stored()).toBeUndefined();
      },
    ),
  );
});

test('an end is not forgotten because a row behind the one to blame is finished', async () => {
  const { client, stored } = database();
  const logger = createLogger('test', 'silent');
  const at = (offset: bigint) => ({ topic: 't', partition: 0, offset, assignment: { current: true } });
  for (let ends = 1; ends <= 3; ends++) {
    const crashes = await Crashes.read(client, 'g', 't', logger);
    for (const offset of [10n, 11n, 12n]) crashes.taken(at(offset));
    await crashes.finished(client, [at(12n)]);
    await crashes.ended(client, [{ topic: 't', partition: 0, first: 10n }]);
    expect(stored()).toMatchObject({ ends, first: '10', newest: '12' });
  }
});

test('processes that take a place over from one another count their ends together', async () => {
  const { client, stored } = database();
  const logger = createLogger('test', 'silent');
  const at = (offset: bigint) => ({ topic: 't', partition: 0, offset, assignment: { current: true } });
  // All of them began before any of them ended.
  const processes = await Promise.all([1, 2, 3].map(() => Crashes.read(client, 'g', 't', logger)));
  for (const crashes of processes) {
    crashes.taken(at(10n));
    await crashes.ended(client, [{ topic: 't', partition: 0, first: 10n }]);
  }
  expect(stored()).toMatchObject({ ends: 3, first: '10' });
});
