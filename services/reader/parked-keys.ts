import type { RowKey } from '../../shared/contracts/events.ts';
import type { RowMessage, Tuple } from '../../shared/postgres/pgoutput.ts';
import type { ChunkRow } from './redo/chunk-window.ts';
import { type TableShape, writeKey } from './table-shape.ts';

/** What names the row of a change that could not be decoded, as far as that can still be read. */
export interface ParkedKeys {
  readonly key: RowKey | null;
  /** Of an update that gave the row another key. */
  readonly oldKey: RowKey | null;
}

export const UNNAMED: ParkedKeys = { key: null, oldKey: null };

/** A key that is itself too large for a record would make its letter too large, too. */
const KEY_CHARACTERS_MAX = 8_192;

export function keysOfMessage(shape: TableShape, message: RowMessage): ParkedKeys {
  switch (message.tag) {
    case 'insert':
      return { key: keyOf(shape, message.after), oldKey: null };
    case 'delete':
      return { key: keyOf(shape, message.before.tuple), oldKey: null };
    case 'update': {
      const before = message.before?.tuple;
      const key = keyOf(shape, message.after, before);
      const oldKey = before === undefined ? null : keyOf(shape, before);
      return { key, oldKey: JSON.stringify(oldKey) === JSON.stringify(key) ? null : oldKey };
    }
    case 'truncate':
      return UNNAMED;
  }
}

export const keysOfRow = (shape: TableShape, { tuple, keyTuple }: ChunkRow): ParkedKeys => ({
  key: keyOf(shape, tuple ?? keyTuple),
  oldKey: null,
});

function keyOf(shape: TableShape, tuple: Tuple, old?: Tuple): RowKey | null {
  try {
    const text = writeKey(shape, tuple, old);
    if (text.length > KEY_CHARACTERS_MAX) return null;
    const key = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return Object.values(key).every(isKeyValue) ? (key as RowKey) : null;
  } catch {
    return null; // what could not be decoded is the key itself
  }
}

const isKeyValue = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
