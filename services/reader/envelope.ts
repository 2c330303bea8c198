// The JSON of a change event, written piece by piece: building the objects first and then their JSON costs three times as
// much, and this is the hot path of the reader. A test holds every piece to the schema of the events.
import { formatLsn } from '../../shared/contracts/position.ts';

/** What is equal for every event of a table until its columns change. */
export interface TablePart {
  /** From `"connector"` to `"snapshot"`, with a comma at the end. */
  readonly json: string;
  readonly schemaVersion: number;
}

export interface TableFacts {
  readonly pipeline: string;
  readonly database: string;
  readonly version: string;
  readonly schema: string;
  readonly table: string;
  readonly schemaVersion: number;
}

export function tablePart(facts: TableFacts): TablePart {
  const { pipeline, database, version, schema, table, schemaVersion } = facts;
  const fields = { connector: 'postgresql', version, name: pipeline, db: database, schema, table };
  return { json: `${JSON.stringify(fields).slice(1, -1)},`, schemaVersion };
}

/** What is equal for every event of a transaction. */
export interface TransactionPart {
  /** `"epoch"` and `"commit_lsn"`, with a comma at the end. */
  readonly position: string;
  /** Of the commit, with a comma at the end. */
  readonly times: string;
  /** Times and transaction, with a comma at the end. */
  readonly origin: string;
  readonly previousCommit: string;
}

export interface TransactionFacts {
  readonly epoch: number;
  readonly commitLsn: bigint;
  readonly committedAtUs: number;
  readonly xid: number;
  readonly previousCommitLsn: bigint;
}

export function transactionPart(facts: TransactionFacts): TransactionPart {
  const { epoch, commitLsn, committedAtUs, xid, previousCommitLsn } = facts;
  const times = `"ts_ms":${Math.trunc(committedAtUs / 1000)},"ts_us":${committedAtUs},`;
  return {
    position: `"epoch":${epoch},"commit_lsn":"${formatLsn(commitLsn)}",`,
    times,
    origin: `${times}"txId":${xid},`,
    previousCommit: String(previousCommitLsn),
  };
}

export interface EventPart {
  readonly operation: 'c' | 'u' | 'd' | 't' | 'r';
  /** JSON of the rows, or 'null'. */
  readonly before: string;
  readonly after: string;
  readonly builtAtMs: number;
  readonly eventIndex: number;
  readonly lsn: number;
  readonly unchanged: readonly string[];
  readonly omitted: readonly string[];
}

export function envelope(table: TablePart, transaction: TransactionPart, event: EventPart): string {
  const { operation, before, after, builtAtMs, eventIndex, lsn, unchanged, omitted } = event;
  const builtAtUs = Math.trunc(builtAtMs * 1000);
  return (
    `{"before":${before},"after":${after},"op":"${operation}","ts_ms":${Math.trunc(builtAtMs)},"ts_us":${builtAtUs},` +
    `"source":{${transaction.position}"event_index":${eventIndex},${table.json}"snapshot":"false",${transaction.origin}` +
    `"lsn":${lsn},"sequence":"[\\"${transaction.previousCommit}\\",\\"${lsn}\\"]",` +
    `${names('unchanged', unchanged)}${names('omitted', omitted)}"schema_version":${table.schemaVersion}}}`
  );
}

/** A row read again has no transaction of its own: its position is that of its watermark. `redo`: JSON of its address. */
export function redoEnvelope(
  table: TablePart,
  transaction: TransactionPart,
  event: Omit<EventPart, 'lsn' | 'unchanged'>,
  redo: string,
): string {
  const { operation, before, after, builtAtMs, eventIndex, omitted } = event;
  const builtAtUs = Math.trunc(builtAtMs * 1000);
  return (
    `{"before":${before},"after":${after},"op":"${operation}","ts_ms":${Math.trunc(builtAtMs)},"ts_us":${builtAtUs},` +
    `"source":{${transaction.position}"event_index":${eventIndex},${table.json}"snapshot":"incremental",${transaction.times}` +
    `"txId":null,"lsn":null,"sequence":null,${names('omitted', omitted)}` +
    `"schema_version":${table.schemaVersion},"redo":${redo}}}`
  );
}

function names(field: string, columns: readonly string[]): string {
  return columns.length === 0 ? '' : `"${field}":${JSON.stringify(columns)},`;
}
