import type { ColumnValue, Row } from '../../../shared/contracts/events.ts';
import { codecOf, type Decode } from '../../../shared/contracts/row-codec.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import type { ChunkPlace, KeyFacts } from './judge.ts';
import { type AuditStatement, CURSOR, FACTS } from './statements.ts';
import type { Subject } from './subject.ts';

type Texts = readonly (string | null)[];

export interface FoundKey extends KeyFacts {
  readonly key: KeyTexts;
  /** Versions of row and outcome, where they were asked for. */
  readonly seen: string;
}

/** Every value as PostgreSQL writes it: the client's own readings would be a second row codec. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

export async function texts(client: Queryable, { text, values }: AuditStatement): Promise<readonly Texts[]> {
  const { rows } = await client.query<(string | null)[]>({
    text,
    values: [...values],
    rowMode: 'array',
    types: AS_TEXT,
  });
  return rows;
}

/** From the columns of a query for facts to what they say. */
export class FactsReader {
  readonly #keys: number;
  readonly #decoders: readonly { readonly name: string; readonly decode: Decode }[];

  constructor({ tables, table, columns, types }: Subject) {
    this.#keys = tables.keyColumns.length;
    this.#decoders = columns.map((name) => {
      const column = table.columns.find((each) => each.name === name);
      if (column === undefined) throw new RangeError(`the table has no column ${JSON.stringify(name)}`);
      return { name, decode: codecOf(column.typeOid, types).decode };
    });
  }

  read(tuple: Texts): FoundKey {
    const at = this.#keys;
    const key = tuple.slice(0, at).map((text) => text ?? '');
    const [row, revision, status, reason, inputHash, asOfMs, failureKind, isAhead, result, seen] =
      tuple.slice(at, at + FACTS.length);
    return {
      key,
      seen: seen ?? '',
      isAhead: isAhead === 't',
      row: row === 't' ? this.#rowOf(tuple) : undefined,
      state:
        revision == null || status == null
          ? undefined
          : {
              revision: Number(revision),
              status,
              reason: reason ?? null,
              inputHash: inputHash ?? null,
              asOfMs: Number(asOfMs),
              failureKind: failureKind ?? null,
            },
      result: result == null ? undefined : placesOf(result),
    };
  }

  #rowOf(tuple: Texts): Row {
    const row: Record<string, ColumnValue> = {};
    const from = this.#keys + FACTS.length;
    for (const [index, { name, decode }] of this.#decoders.entries()) {
      const text = tuple[from + index] ?? null;
      row[name] = text === null ? null : decode(text);
    }
    return row;
  }
}

function placesOf(text: string): readonly ChunkPlace[] {
  if (text === '') return [];
  return text.split(',').map((place) => {
    const [chunk = -1, start = -1, end = -1] = place.split(':').map(Number);
    return { chunk, start, end };
  });
}

const FIRST_PORTION_ROWS = 200;
const PORTION_ROWS_MAX = 5_000;
/** Two portions are held at a time: one is looked at while the server makes the next. */
const PORTION_BYTES = 4 * 1_048_576;

/** The rows of a declared cursor in portions of bounded size. */
export async function* portions(client: Queryable): AsyncGenerator<readonly Texts[]> {
  let size = FIRST_PORTION_ROWS;
  const fetch = (): Promise<readonly Texts[]> =>
    texts(client, { text: `fetch forward ${size} from ${CURSOR}`, values: [] });
  let next: Promise<readonly Texts[]> | undefined = fetch();
  while (next !== undefined) {
    const rows: readonly Texts[] = await next;
    const isLast = rows.length < size;
    size = portionAfter(rows);
    next = isLast ? undefined : fetch();
    // It may fail while nobody waits for it yet.
    next?.catch(() => {});
    yield rows;
  }
}

/** As many as fit, judged by those that came. */
export function portionAfter(rows: readonly Texts[]): number {
  let bytes = 0;
  for (const row of rows) for (const value of row) bytes += value?.length ?? 0;
  const fitting = Math.floor(PORTION_BYTES / Math.max(1, bytes / Math.max(1, rows.length)));
  return Math.max(1, Math.min(PORTION_ROWS_MAX, fitting));
}
