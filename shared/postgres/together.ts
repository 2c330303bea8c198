// Several statements in one trip to the server and back: for most small statements the trip, which wakes two processes, is
// dearer than the work.
import type pg from 'pg';
import type { DatabaseConnection } from './connect.ts';

export interface PreparedStatement {
  /** A connection parses it once. */
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** What it means that it has answered with, or written, another number of rows than this. */
  readonly requires?: { readonly rows: number; readonly otherwise: () => Error };
}

export interface Answer {
  /** Rows that were read or written; null where the command does not tell. */
  readonly rowCount: number | null;
  /** As the server writes them. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export const BEGIN: PreparedStatement = { name: 'begin', text: 'begin' };
export const COMMIT: PreparedStatement = { name: 'commit', text: 'commit' };

/**
 * Runs them one after the other, each with what the ones before it did, and answers for each. The first that fails ends the
 * trip: those behind it are not run, and a transaction that was begun has failed. Outside of one, all of them are one.
 * What one of them requires is seen at the end of the trip, and only a transaction can still be undone then.
 */
export async function together(
  client: DatabaseConnection,
  statements: readonly PreparedStatement[],
): Promise<readonly Answer[]> {
  if (statements.length === 0) return [];
  const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>();
  client.query(
    new Trip(statements, (error, answers) => {
      if (answers === undefined) reject(error);
      else resolve(answers);
    }),
  );
  const answers = await promise;
  for (const [place, { requires }] of statements.entries()) {
    if (requires !== undefined && answers[place]?.rowCount !== requires.rows) throw requires.otherwise();
  }
  return answers;
}

type Callback = (error: Error | null, answers?: readonly Answer[]) => void;
interface MutableAnswer {
  rowCount: number | null;
  readonly rows: (readonly (string | null)[])[];
}
/** The library does not show which statements it knows. */
type Knowing = pg.Connection & { readonly parsedStatements?: Readonly<Record<string, string>> };

/** What the library calls with each message of the server, and takes the place of one of its own queries. */
class Trip {
  /** Replaced by the library, which counts the time. */
  callback: Callback;
  readonly #statements: readonly PreparedStatement[];
  readonly #bound: readonly (string | null)[][];
  readonly #answers: MutableAnswer[];
  #answered = 0;

  constructor(statements: readonly PreparedStatement[], callback: Callback) {
    this.callback = callback;
    this.#statements = statements;
    this.#bound = statements.map(({ values = [] }) => values.map(parameterText));
    this.#answers = statements.map(() => ({ rowCount: null, rows: [] }));
  }

  /** Of the statement that the server is at: when it says that it was parsed, the library remembers these. */
  get name(): string | undefined {
    return this.#statements[this.#answered]?.name;
  }

  get text(): string | undefined {
    return this.#statements[this.#answered]?.text;
  }

  submit(connection: pg.Connection): void {
    const { parsedStatements = {} } = connection as Knowing;
    const sent = new Set<string>();
    // Written at once.
    connection.stream.cork();
    for (const [place, { name, text }] of this.#statements.entries()) {
      if (parsedStatements[name] === undefined && !sent.has(name)) {
        connection.parse({ name, text, types: [] }, true);
        sent.add(name);
      }
      connection.bind({ statement: name, values: this.#bound[place] ?? [] }, true);
      connection.execute(null, true);
    }
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#answers[this.#answered]?.rows.push(fields);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const answer = this.#answers[this.#answered];
    const count = /\d+$/.exec(text);
    if (answer !== undefined && count !== null) answer.rowCount = Number(count[0]);
    this.#answered += 1;
  }

  handleEmptyQuery(): void {
    this.#answered += 1;
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#answers);
  }
}

/** A parameter as the server reads it; an array as a literal of its elements. */
export function parameterText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map(elementText).join(',')}}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function elementText(element: unknown): string {
  if (typeof element === 'number' || typeof element === 'boolean') return String(element);
  if (Array.isArray(element)) return parameterText(element) ?? 'NULL';
  const text = parameterText(element);
  return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
