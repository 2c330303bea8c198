// What a SQLSTATE asks for: the one table. About the slot a code never decides alone, since the same one means "again" and
// "gone": whoever reads the slot looks at the server first, then decides (services/reader/preflight).

export interface SqlStateEntry {
  readonly meaning: string;
  /** The same statement may well succeed a moment later. */
  readonly again: boolean;
  /** On a connection to the slot: read recovery, slot and publication before anything is decided. */
  readonly look?: true;
  /** Login or set-up is wrong, and only a person can mend it. */
  readonly refused?: true;
}

export const SQL_STATES: Readonly<Record<string, SqlStateEntry>> = {
  '40001': { again: true, meaning: 'serialization failure' },
  '40P01': { again: true, meaning: 'deadlock' },
  '25006': {
    again: true,
    look: true,
    meaning: 'read-only: the address leads to a node that is not the writer',
  },
  '25P03': { again: true, meaning: 'ended by idle_in_transaction_session_timeout' },
  '25P04': { again: true, meaning: 'ended by transaction_timeout' },
  '53000': { again: true, meaning: 'insufficient resources' },
  '53100': { again: true, meaning: 'disk full' },
  '53200': { again: true, meaning: 'out of memory' },
  '53300': { again: true, look: true, meaning: 'too many connections or walsenders' },
  '55006': {
    again: true,
    look: true,
    meaning: 'the slot is in use: an earlier reader has not gone, or another one reads',
  },
  '55P03': { again: true, meaning: 'lock not available' },
  '57014': { again: true, meaning: 'cancelled, mostly by statement_timeout' },
  '57P01': {
    again: true,
    look: true,
    meaning: 'ended by an administrator, or the slot was invalidated under its reader',
  },
  '57P02': { again: true, look: true, meaning: 'crash shutdown' },
  '57P03': { again: true, look: true, meaning: 'starting up' },
  '57P05': { again: true, meaning: 'ended by idle_session_timeout' },
  '58030': { again: true, meaning: 'the server could not read or write a file' },
  // Aurora says 55000 and XX000 on a node that is not the writer during a failover, and 55000 for an invalidated slot.
  '55000': {
    again: false,
    look: true,
    meaning: 'slot invalidated or of another database; on Aurora also a read-only node',
  },
  XX000: {
    again: false,
    look: true,
    meaning: 'internal error; on Aurora also a node that is not the writer',
  },
  '42704': { again: false, look: true, meaning: 'slot missing; up to 17 also publication missing' },
  // Of two readers at their first start one comes second.
  '42710': {
    again: false,
    look: true,
    meaning: 'it is there already: another reader made the slot meanwhile',
  },
  '53400': { again: false, look: true, meaning: 'all replication slots are in use' },
  // A reader that was frozen and wakes finds written what it was about to write.
  '23505': { again: false, look: true, meaning: 'somebody else wrote it: another reader went on meanwhile' },
  '28000': { again: false, refused: true, meaning: 'this role may not log in like that' },
  '28P01': { again: false, refused: true, meaning: 'wrong password, or a token that has expired' },
  '3D000': { again: false, refused: true, meaning: 'no such database' },
  '42501': { again: false, refused: true, meaning: 'a privilege is missing' },
  '0A000': { again: false, refused: true, meaning: 'the server is too old for what was asked' },
  '42602': { again: false, refused: true, meaning: 'a name cannot be read' },
};

const CONNECTION_EXCEPTION_CLASS = '08';

export const isTransientState = (state: string): boolean =>
  SQL_STATES[state]?.again ?? state.startsWith(CONNECTION_EXCEPTION_CLASS);

/** Whether the state of the server has to be read before it is known what this means. */
export const asksForLook = (state: string): boolean =>
  SQL_STATES[state]?.look ?? state.startsWith(CONNECTION_EXCEPTION_CLASS);

export const isRefused = (state: string): boolean => SQL_STATES[state]?.refused ?? false;

/** PostgreSQL's classes of errors that the values of a row can bring about, however often they are tried. */
const OF_VALUES = new Set([
  '21', // cardinality
  '22', // data exception
  '23', // integrity constraint
  '54', // program limit
  'P0', // what a trigger says, by `raise`
]);

/** False for what is about tables, privileges or the server: another row would fare no better. */
export const mayBeOfRow = (state: string): boolean => OF_VALUES.has(state.slice(0, 2));

/** What `init` made is not there as it made it: a table, a column, a type, a key, or the right to it. */
const OF_TABLES = new Set(['3F000', '42501', '42703', '42704', '42804', '42809', '42883', '42P01', '42P10']);

/** True for what somebody has to put right about the tables themselves: until then no row fares better. */
export const isOfTables = (state: string): boolean => OF_TABLES.has(state);
