import { type DatabaseClient, type Queryable, quoteIdentifier } from './connect.ts';

interface Explained {
  readonly Plan: { readonly 'Plan Rows': number };
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * How many rows the planner expects, without reading them. Also tells whether the condition can run at all: it is planned in a
 * read-only transaction.
 */
export async function estimateRows(
  client: DatabaseClient,
  table: TableName,
  condition?: string,
): Promise<number> {
  await client.query('begin read only');
  try {
    return await plannedRows(client, table, condition);
  } finally {
    await client.query('rollback');
  }
}

/** The same inside whatever transaction there is: with a condition that must be a read-only one. */
export async function plannedRows(client: Queryable, table: TableName, condition?: string): Promise<number> {
  const from = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  // A line of its own, because the condition may end in a comment.
  const where = condition === undefined ? '' : ` where (${condition}\n)`;
  // With a parameter PostgreSQL takes one statement only, so that no second one can hide in the condition.
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    `explain (format json) select from ${from}${where} limit $1::bigint`,
    [null],
  );
  const [explained] = JSON.parse(rows[0]?.['QUERY PLAN'] ?? '[]') as readonly Explained[];
  return explained?.Plan['Plan Rows'] ?? 0;
}

/** Counting reads every row that the condition looks at. */
const COUNT_MAX_MS = 600_000;

/** How many rows there are, exactly, in a read-only transaction. */
export async function countRows(
  client: DatabaseClient,
  table: TableName,
  condition = 'true',
): Promise<number> {
  await client.query('begin read only');
  try {
    await client.query(`set local statement_timeout = ${COUNT_MAX_MS}`);
    const from = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
    // With a parameter PostgreSQL takes one statement only, so that no second one can hide in the condition.
    const patient = { query_timeout: COUNT_MAX_MS };
    const { rows } = await client.query<{ count: string }>({
      ...patient,
      text: `select count(*)::text as count from ${from} where $1::boolean and (${condition}\n)`,
      values: [true],
    });
    return Number(rows[0]?.count ?? 0);
  } finally {
    await client.query('rollback');
  }
}
