import { Gathering } from '../../shared/batching/gathering.ts';
import type { ColumnValue, Row, RowKey } from '../../shared/contracts/events.ts';
import { codecOf, type Decode, type TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Column, Table } from '../../shared/postgres/catalog.ts';
import { type Queryable, quoteIdentifier, sqlState } from '../../shared/postgres/connect.ts';
import { parseSnapshot, sees } from '../../shared/postgres/snapshot.ts';
import { POSITIONS, qualifiedName } from '../../shared/side-tables/names.ts';
import { untilAnswered, type WaitObserver } from './database-wait.ts';

/** A change that does not carry all that the enrichment reads: values out of line that it left alone, or a row too large. */
export interface RowToComplete {
  readonly key: RowKey;
  readonly epoch: number;
  /** Transaction of the change as the log has it; null: a redo has read the row, so it can be seen. */
  readonly xid: number | null;
}

export type CompletedRow =
  /** As it is now, which may be newer than the change: taken whole, never mixed with what the change carries. */
  | { readonly kind: 'row'; readonly row: Row }
  /** Whatever removed it is newer than the change. */
  | { readonly kind: 'gone' };

type Found = CompletedRow | { readonly kind: 'unseen' };

export interface CompletionObserver extends WaitObserver {
  completed(result: Found['kind']): void;
}

export interface CompletionSettings {
  /** With `refusesRowSecurity`: a hidden row would pass for a deleted one. */
  readonly database: Queryable;
  readonly table: Pick<Table, 'schema' | 'name' | 'kind' | 'columns' | 'key'>;
  /** What the enrichment reads of a row. */
  readonly columns: readonly string[];
  readonly types: TypeCatalog;
  readonly observer: CompletionObserver;
  readonly stopping: AbortSignal;
}

const AT_ONCE_MAX = 200;
/** A commit is in the log microseconds before others see it, or as long before as a synchronous standby takes. */
const UNSEEN_AGAIN: BackoffLimits = { firstMs: 20, maxMs: 1_000 };

/** Reads what a change did not bring: the columns an enrichment needs, by key, from the primary, many changes in one statement. */
export class CompletionReader {
  readonly #settings: CompletionSettings;
  readonly #statement: { readonly name: string; readonly text: string };
  readonly #keyColumns: readonly Column[];
  readonly #decoders: readonly { readonly column: string; readonly decode: Decode }[];
  readonly #reads: Gathering<RowToComplete, Found>;

  constructor(settings: CompletionSettings) {
    const { table, columns, types, observer, stopping } = settings;
    this.#settings = settings;
    this.#keyColumns = table.key.map((name) => columnOf(table.columns, name));
    this.#decoders = columns.map((column) => ({
      column,
      decode: codecOf(columnOf(table.columns, column).typeOid, types).decode,
    }));
    this.#statement = { name: 'completion_read', text: completionStatement(settings, this.#keyColumns) };
    this.#reads = new Gathering(
      (rows) => untilAnswered(observer, stopping, () => this.#read(rows)),
      AT_ONCE_MAX,
    );
  }

  /** Waits until the change can be seen. Rejects when told to stop. */
  async complete(row: RowToComplete): Promise<CompletedRow> {
    const { observer, stopping } = this.#settings;
    for (let attempt = 0; ; attempt++) {
      const found = await this.#reads.ask(row);
      observer.completed(found.kind);
      if (found.kind !== 'unseen') return found;
      if (!(await pause(backoffMs(attempt, UNSEEN_AGAIN, Math.random), stopping))) {
        throw new Fault('unavailable', 'change_unseen', 'the transaction of the change cannot be seen yet');
      }
    }
  }

  async #read(rows: readonly RowToComplete[]): Promise<readonly Found[]> {
    const keys = this.#keyColumns.map(({ name }) => rows.map(({ key }) => String(key[name])));
    const { rows: tuples } = await this.#query(keys);
    const [first] = tuples;
    if (first === undefined || tuples.length !== rows.length)
      throw new RangeError('a key was lost on its way');
    const [snapshotText, isInRecovery, epoch] = first;
    if (isInRecovery === 't') {
      throw new Fault('unavailable', 'standby', 'DATABASE_URL leads to a standby, where a row may be older');
    }
    const snapshot = parseSnapshot(snapshotText ?? '');
    return tuples.map((tuple, place): Found => {
      const row = rows[place];
      // Numbers of transactions from before a restore mean nothing here.
      const isOfThisEpoch = row !== undefined && row.epoch >= Number(epoch);
      const xid = isOfThisEpoch ? row.xid : null;
      if (xid !== null && !sees(snapshot, xid)) return { kind: 'unseen' };
      if (tuple[BESIDE - 1] !== 't') return { kind: 'gone' };
      return { kind: 'row', row: this.#decode(tuple) };
    });
  }

  async #query(keys: readonly (readonly string[])[]) {
    const { database, table } = this.#settings;
    try {
      const statement = { ...this.#statement, values: [...keys], rowMode: 'array' as const, types: AS_TEXT };
      return await database.query<(string | null)[]>(statement);
    } catch (error) {
      const state = sqlState(error);
      if (state !== INSUFFICIENT_PRIVILEGE) throw error;
      throw new AfterglowError(
        'privileges_missing',
        `The enricher may not read every row of ${table.schema}.${table.name} (${state}).`,
        { remedy: 'Run `afterglow init`; where the table has row level security, alter role … bypassrls.' },
      );
    }
  }

  #decode(tuple: readonly (string | null)[]): Row {
    const row: Record<string, ColumnValue> = {};
    for (const [index, { column, decode }] of this.#decoders.entries()) {
      const text = tuple[BESIDE + index] ?? null;
      row[column] = text === null ? null : decode(text);
    }
    return row;
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';
/** Every value as PostgreSQL writes it: the client's own readings would be a second row codec. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };
/** Snapshot, recovery, epoch, and whether the row is there stand before the columns. */
const BESIDE = 4;

function completionStatement({ table, columns }: CompletionSettings, keyColumns: readonly Column[]): string {
  const keys = keyColumns.map(({ name, wholeType }, index) => ({
    column: `source.${quoteIdentifier(name)}`,
    wanted: `k${index + 1}`,
    type: wholeType,
  }));
  const parameters = keys.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const same = keys.map(({ column, wanted, type }) => `${column} = wanted.${wanted}::${type}`).join(' and ');
  const values = columns.map((column) => `source.${quoteIdentifier(column)}`);
  const isThere = `${keys[0]?.column ?? 'null'} is not null`;
  const beside = [
    '(select pg_current_snapshot()::text)',
    '(select pg_is_in_recovery())',
    `(select coalesce(max(epoch), 0) from ${POSITIONS})`,
    isThere,
  ];
  // Rows of child tables are those tables' own; a partitioned table has no others.
  const from = `${table.kind === 'partitioned' ? '' : 'only '}${qualifiedName(table.schema, table.name)}`;
  return `select ${[...beside, ...values].join(', ')}
    from unnest(${parameters}) with ordinality as wanted(${keys.map(({ wanted }) => wanted).join(', ')}, place)
    left join ${from} as source on ${same}
   order by wanted.place`;
}

function columnOf(columns: readonly Column[], name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) throw new RangeError(`the table has no column ${JSON.stringify(name)}`);
  return found;
}
