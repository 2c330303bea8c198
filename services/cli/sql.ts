import { spawn } from 'node:child_process';
import { findProgram } from '../../deploy/local/commands.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { OUR_PARAMETERS } from '../../shared/postgres/address.ts';
import { connectDatabase, passwordOf } from '../../shared/postgres/connect.ts';
import { harmless } from '../../shared/terminal/harmless.ts';
import type { Invocation } from './invocation.ts';
import { checkDatabaseUrl, ownDatabaseUrl, runningStack } from './settings.ts';
import { fitTo, widthOf } from './view/width.ts';

/** psql ends with this when the connection is lost or was never made. */
const PSQL_NO_CONNECTION = 2;
const COLUMN_WIDTH_MAX = 60;

export async function runSql(invocation: Invocation, statement: string | undefined): Promise<number> {
  const own = ownDatabaseUrl(invocation.environment);
  const stack = runningStack(invocation);
  const url = own ?? stack?.environment.DATABASE_URL;
  if (url === undefined) throw new AfterglowError('stack_not_running');
  checkDatabaseUrl(url);
  if (invocation.output.isJson) return await runStatement(invocation, url, requireStatement(statement));
  const psql =
    (own === undefined ? stack?.psql : undefined) ?? findProgram('psql', invocation.environment.PATH);
  if (psql !== undefined) return await runPsql(psql, url, statement, invocation);
  return await runStatement(invocation, url, requireStatement(statement));
}

function requireStatement(statement: string | undefined): string {
  if (statement !== undefined) return statement;
  throw new AfterglowError('usage', 'There is no statement, and no psql to type one into.', {
    remedy: 'Give the statement: npx afterglow sql "select 1". Or install psql.',
  });
}

async function runPsql(
  psql: string,
  url: string,
  statement: string | undefined,
  { environment }: Invocation,
): Promise<number> {
  // The password travels in the environment: arguments are shown to everybody by ps.
  const address = new URL(url);
  const password = await passwordOf(url);
  address.password = '';
  for (const name of OUR_PARAMETERS) address.searchParams.delete(name);
  const command = statement === undefined ? [] : ['--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-c', statement];
  // Ctrl-C is psql's: it cancels the statement, and this process stays until psql ends.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  const child = spawn(psql, ['-d', address.href, ...command], {
    stdio: 'inherit',
    env: { ...environment, ...(password === '' ? {} : { PGPASSWORD: password }), PGAPPNAME: 'afterglow sql' },
  });
  const hangUp = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', hangUp);
  process.on('disconnect', hangUp);
  process.channel?.unref();
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => resolve(exitStatus(status)));
    });
  } finally {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', hangUp);
    process.off('disconnect', hangUp);
  }
}

/** psql has said what is wrong; here it only becomes one of our statuses. */
function exitStatus(status: number | null): number {
  if (status === 0) return 0;
  return status === PSQL_NO_CONNECTION ? 3 : 1;
}

async function runStatement({ output }: Invocation, url: string, statement: string): Promise<number> {
  const client = await connectDatabase({ url, applicationName: 'afterglow sql', statementTimeoutMs: 0 });
  try {
    const answer = await client.query<Record<string, unknown>>(statement);
    // Several statements in one text give several answers, which the driver's types do not say.
    const answers: readonly (typeof answer)[] = Array.isArray(answer) ? answer : [answer];
    for (const { rows, fields, command, rowCount } of answers) {
      if (output.isJson) for (const row of rows) output.json(row);
      else if (fields.length === 0) output.line(`${command} ${rowCount ?? ''}`.trim());
      else
        for (const line of plainTable(
          fields.map(({ name }) => name),
          rows,
        ))
          output.line(line);
    }
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (output.isJson) output.json({ error: { code: 'sql', message: reason } });
    else output.note(`${output.paintError.bad('Error:')} ${harmless(reason)}`);
    return 1;
  } finally {
    await client.end();
  }
}

/** Pure: names above, a line, the rows, and how many. */
export function plainTable(
  names: readonly string[],
  rows: readonly Record<string, unknown>[],
): readonly string[] {
  const cells = rows.map((row) => names.map((name) => harmless(textOf(row[name]))));
  const widths = names.map((name, index) =>
    Math.min(COLUMN_WIDTH_MAX, Math.max(widthOf(name), ...cells.map((row) => widthOf(row[index] ?? '')))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => fitTo(cell, widths[index] ?? 0))
      .join(' | ')
      .trimEnd();
  return [
    line(names.map(harmless)),
    widths.map((width) => '-'.repeat(width)).join('-+-'),
    ...cells.map(line),
    `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`,
  ];
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
