import { describe, expect, test } from 'vitest';
import { type Change, type EnrichedRecord, UnreadableRecord } from './change.ts';
import { Changes } from './changes.ts';
import { eventOf, recordOf, tombstoneOf } from './records.test-support.ts';

type Scores = { readonly score: number };

function told(records: readonly EnrichedRecord[], changes = new Changes<Scores>()): readonly string[] {
  return records.flatMap((record) => {
    const change = changes.read(record);
    return change === undefined ? [] : [sentence(change)];
  });
}

function sentence(change: Change<Scores>): string {
  if (change.kind === 'truncated') return 'truncated';
  if (change.kind === 'deleted') return `${change.key.id} deleted`;
  const { key, event } = change;
  return event.status === 'scored' ? `${key.id} scored ${event.result.score}` : `${key.id} ${event.status}`;
}

const scored = (key: string, at: number, more: object = {}) =>
  recordOf({ key, at, status: 'scored', ...more });
const skipped = (key: string, at: number) => recordOf({ key, at, status: 'skipped' });
const deleted = (key: string, at: number) => recordOf({ key, at, status: 'deleted' });
const truncated = (at: number) => recordOf({ key: '', at, status: 'truncated' });

describe('what is told of the records of a topic', () => {
  test.each<readonly [string, readonly EnrichedRecord[], readonly string[]]>([
    [
      'news of each key',
      [scored('a', 1), scored('b', 2), skipped('a', 3)],
      ['a scored 1', 'b scored 2', 'a skipped'],
    ],
    ['a repetition once', [scored('a', 1), scored('a', 1)], ['a scored 1']],
    ['nothing that is older than what was told', [scored('a', 2), skipped('a', 1)], ['a scored 2']],
    [
      'a score at the place where there was none',
      [skipped('a', 1), scored('a', 1)],
      ['a skipped', 'a scored 1'],
    ],
    ['no less than a score at the same place', [scored('a', 1), skipped('a', 1)], ['a scored 1']],
    [
      'a newer definition at the same place',
      [scored('a', 1), scored('a', 1, { revision: 2, score: 7 }), scored('a', 1)],
      ['a scored 1', 'a scored 7'],
    ],
    [
      'a newer epoch, however low its position',
      [scored('a', 9), scored('a', 1, { epoch: 2 })],
      ['a scored 9', 'a scored 1'],
    ],
    [
      'a deletion once, not again by its tombstone',
      [scored('a', 1), deleted('a', 2), tombstoneOf('a')],
      ['a scored 1', 'a deleted'],
    ],
    [
      'nothing of a repeated deletion of a row that is there again, nor of its tombstone',
      [deleted('a', 1), tombstoneOf('a'), scored('a', 2), deleted('a', 1), tombstoneOf('a'), scored('a', 2)],
      ['a deleted', 'a scored 2'],
    ],
    [
      'a tombstone whose deletion was compacted away',
      [scored('a', 1), tombstoneOf('a')],
      ['a scored 1', 'a deleted'],
    ],
    ['a tombstone of a key that was never seen', [tombstoneOf('a')], ['a deleted']],
    [
      'a result again that a stray tombstone took away',
      [scored('a', 2), tombstoneOf('a'), scored('a', 1), scored('a', 2)],
      ['a scored 2', 'a deleted', 'a scored 2'],
    ],
    [
      'a truncate once, and nothing older after it',
      [scored('a', 1), truncated(3), scored('b', 2), truncated(3), scored('a', 1), scored('c', 4)],
      ['a scored 1', 'truncated', 'c scored 4'],
    ],
    [
      'what came after a truncate that is told late',
      [scored('a', 4), truncated(3), scored('a', 4)],
      ['a scored 4', 'truncated'],
    ],
  ])('%s', (_title, records, expected) => {
    expect(told(records)).toEqual(expected);
  });

  test('fields of a later minor version are there for who knows them', () => {
    const record = scored('a', 1);
    const value = Buffer.from(
      JSON.stringify({ ...eventOf({ key: 'a', at: 1, status: 'scored' }), later: [1] }),
    );
    expect(new Changes().read({ ...record, value })).toMatchObject({
      event: { status: 'scored', later: [1] },
    });
  });

  test('a key that was forgotten for lack of room is told again, and memory stays bounded', () => {
    const changes = new Changes<Scores>({ keysMax: 2 });
    const records = [scored('a', 1), scored('b', 2), scored('c', 3), scored('c', 3), scored('a', 1)];
    expect(told(records, changes)).toEqual(['a scored 1', 'b scored 2', 'c scored 3', 'a scored 1']);
  });
});

describe('a record that cannot be read', () => {
  const good = scored('a', 1);
  const typed = (type: unknown): EnrichedRecord => ({ ...good, headers: { ...good.headers, ce_type: type } });

  test.each<readonly [string, string, EnrichedRecord]>([
    ['of a newer major version', 'newer_schema', typed('dev.afterglow.enriched.v2')],
    [
      'of a newer major version, its headers as bytes',
      'newer_schema',
      typed(Buffer.from('dev.afterglow.enriched.v2')),
    ],
    ['of another kind', 'not_an_event', typed('dev.afterglow.dead.v1')],
    ['that is no JSON', 'not_an_event', { ...good, value: Buffer.from('{') }],
    ['that is no event', 'not_an_event', { ...good, value: Buffer.from('{"status":"scored"}') }],
    [
      'that is a tombstone of a strange key',
      'not_an_event',
      { ...good, key: Buffer.from('{"id":[]}'), value: null },
    ],
    ['that is a tombstone without a key', 'not_an_event', { ...good, key: null, value: null }],
    ['whose result is refused', 'result', scored('a', 1, { score: -1 })],
  ])('%s stops the reading, or is handed over', (_title, reason, record) => {
    const decode = (result: Readonly<Record<string, unknown>>): Scores => {
      if (Number(result.score) < 0) throw new RangeError('negative');
      return { score: Number(result.score) };
    };
    expect(() => new Changes({ decode }).read(record)).toThrow(
      expect.objectContaining({ name: 'UnreadableRecord', reason, offset: String(record.offset) }),
    );
    const handed: UnreadableRecord[] = [];
    const changes = new Changes({ decode, onUnreadable: (error) => handed.push(error) });
    expect(told([record, scored('b', 2)], changes)).toEqual(['b scored 2']);
    expect(handed.map((error) => error.reason)).toEqual([reason]);
  });

  test('is told without a word of what it holds', () => {
    const error = new UnreadableRecord('not_an_event', { partition: 3, offset: 17n });
    expect(error.message).toBe('the record is no outcome of an enrichment (partition 3, offset 17)');
  });
});
