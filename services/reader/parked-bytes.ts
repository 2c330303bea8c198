import { type RowMessage, type Tuple, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import { encodeRowMessage } from '../../shared/postgres/pgoutput-encode.ts';
import type { ChunkRow } from './redo/chunk-window.ts';
import type { TableShape } from './table-shape.ts';

/** Whether somebody publishes columns of it that go no further than the reader. */
export const bringsExcluded = ({ columns, places }: TableShape): boolean => places.length < columns.length;

/** What is archived of a change: its bytes as they came, with excluded columns as if the log had not sent them. */
export function bytesOfMessage(shape: TableShape | undefined, message: RowMessage): Buffer {
  return encodeRowMessage(
    shape === undefined || !bringsExcluded(shape) ? message : withoutExcluded(shape, message),
  );
}

export function bytesOfRow(shape: TableShape | undefined, { tuple, keyTuple }: ChunkRow): Buffer {
  const values = tuple ?? keyTuple;
  const kept =
    shape === undefined ? values : values.map((value, place) => (isKept(shape, place) ? value : null));
  return Buffer.from(JSON.stringify(kept));
}

function withoutExcluded(shape: TableShape, message: RowMessage): RowMessage {
  const kept = (tuple: Tuple): Tuple =>
    tuple.map((value, place) => (isKept(shape, place) ? value : UNCHANGED));
  switch (message.tag) {
    case 'insert':
      return { ...message, after: kept(message.after) };
    case 'delete':
      return { ...message, before: { ...message.before, tuple: kept(message.before.tuple) } };
    case 'update': {
      const { before, after } = message;
      const old = before === undefined ? {} : { before: { ...before, tuple: kept(before.tuple) } };
      return { ...message, ...old, after: kept(after) };
    }
    case 'truncate':
      return message;
  }
}

const isKept = ({ places }: TableShape, place: number): boolean => places.includes(place);
