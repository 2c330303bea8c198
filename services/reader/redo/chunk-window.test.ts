import { describe, expect, test } from 'vitest';
import { type Tuple, UNCHANGED } from '../../../shared/postgres/pgoutput.ts';
import { type ChunkRow, ChunkWindow } from './chunk-window.ts';

const columns = ['id', 'rating', 'body'];
const key = (id: string): string => `{"id":"${id}"}`;
const row = (id: string, rating = '1', body: string | null = 'read'): ChunkRow => ({
  key: key(id),
  tuple: [id, rating, body],
  keyTuple: [id, null, null],
});
const gone = (id: string): ChunkRow => ({ key: key(id), tuple: undefined, keyTuple: [id, null, null] });

/** What happens between the low watermark and the high one; `read` is when the database has answered. */
type Step = (window: ChunkWindow) => void;
const read =
  (...rows: ChunkRow[]): Step =>
  (window) =>
    window.fill({ columns, rows });
const upsert =
  (id: string, ...tuple: Tuple): Step =>
  (window) =>
    window.upserted(key(id), () => ({ columns, tuple: [id, ...tuple] }));
const remove =
  (id: string): Step =>
  (window) =>
    window.deleted(key(id));
const truncate: Step = (window) => window.truncated();

function settled(...steps: Step[]) {
  const window = new ChunkWindow();
  window.open();
  for (const step of steps) step(window);
  return window.settle();
}

describe('between the watermarks', () => {
  test.each<[string, Step[], readonly ChunkRow[], number]>([
    ['what nobody touched goes out as it was read', [read(row('1'), row('2'))], [row('1'), row('2')], 0],
    ['the stream wins over the chunk', [read(row('1'), row('2')), upsert('1', '5', 'new')], [row('2')], 1],
    [
      '…also when it came before the answer',
      [upsert('1', '5', 'new'), read(row('1'), row('2'))],
      [row('2')],
      1,
    ],
    ['a row deleted meanwhile does not come back', [read(row('1')), remove('1')], [], 1],
    [
      'deleted and made anew: the new one is the stream’s',
      [read(row('1')), remove('1'), upsert('1', '5', 'new')],
      [],
      1,
    ],
    [
      'a truncate ends all that was read',
      [read(row('1'), gone('2')), truncate, upsert('3', '1', 'x')],
      [],
      2,
    ],
    ['other keys do not matter', [read(row('1')), upsert('9', '5', 'x'), remove('8')], [row('1')], 0],
    ['a key that is gone goes out as gone', [read(gone('1'))], [gone('1')], 0],
    ['…unless the stream made it meanwhile', [read(gone('1')), upsert('1', '5', 'new')], [], 1],
    ['…or deleted it itself', [remove('1'), read(gone('1'))], [], 1],
  ])('%s', (_name, steps, rows, superseded) => {
    expect(settled(...steps)).toEqual({ kind: 'rows', rows, superseded });
  });

  test('a value that no event of the window carries is taken from the chunk: it is the only copy', () => {
    const result = settled(read(row('1', '1', 'long text')), upsert('1', '5', UNCHANGED));
    expect(result).toEqual({ kind: 'rows', rows: [row('1', '5', 'long text')], superseded: 0 });
  });

  test('…also through several updates, the newest of which counts', () => {
    const steps = [
      upsert('1', '4', UNCHANGED),
      read(row('1', '1', 'long text')),
      upsert('1', '5', UNCHANGED),
    ];
    expect(settled(...steps)).toEqual({ kind: 'rows', rows: [row('1', '5', 'long text')], superseded: 0 });
  });

  test('…also when the value is null', () => {
    const result = settled(read(row('1', '1', null)), upsert('1', '5', UNCHANGED));
    expect(result).toEqual({ kind: 'rows', rows: [row('1', '5', null)], superseded: 0 });
  });

  test('a value that one event of the window carried is in the topic already', () => {
    const steps = [read(row('1')), upsert('1', '4', 'carried'), upsert('1', '5', UNCHANGED)];
    expect(settled(...steps)).toEqual({ kind: 'rows', rows: [], superseded: 1 });
  });

  test.each<[string, Step[], string]>([
    ['columns that changed', [read(row('1')), (window) => window.schemaChanged()], 'schema'],
    [
      'columns that are not those of the stream',
      [
        (window) => window.upserted(key('1'), () => ({ columns: ['id'], tuple: [UNCHANGED] })),
        read(row('1')),
      ],
      'schema',
    ],
    // The row that was read may be the one that had the key before.
    ['a key given up and taken', [read(row('1')), remove('1'), upsert('1', '5', UNCHANGED)], 'reused_key'],
  ])('%s: read again', (_name, steps, why) => {
    expect(settled(...steps)).toEqual({ kind: 'again', why });
  });

  test('a flood of changes before the answer is not remembered, the chunk is read again', () => {
    const flood = Array.from({ length: 100_001 }, (_, id) => upsert(String(id), '5', 'x'));
    expect(settled(...flood, read(row('1')))).toEqual({ kind: 'again', why: 'busy' });
    expect(settled(read(row('-1')), ...flood)).toMatchObject({ kind: 'rows', rows: [row('-1')] });
  });
});
