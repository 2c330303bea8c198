import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { insertProposal, proposeSource } from '../../shared/config/add.ts';
import { nearest } from '../../shared/config/nearest.ts';
import { loadDefinition } from '../../shared/config/parse.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { type Catalog, findTable, readCatalog, type Table } from '../../shared/postgres/catalog.ts';
import { connectDatabase, describeDatabase } from '../../shared/postgres/connect.ts';
import type { Invocation } from './invocation.ts';
import { checkDatabaseUrl, ownDatabaseUrl, runningStack } from './settings.ts';

export async function proposeFor(
  invocation: Invocation,
  tableName: string,
  isWriting: boolean,
): Promise<number> {
  const { output, definitionFile } = invocation;
  const url = ownDatabaseUrl(invocation.environment) ?? runningStack(invocation)?.environment.DATABASE_URL;
  if (url === undefined) throw new AfterglowError('stack_not_running');
  const table = requireTable(await catalogOf(checkDatabaseUrl(url)), tableName, describeDatabase(url));
  // A file with mistakes must not hide what is in it already: what could be read counts.
  const loaded = existsSync(definitionFile)
    ? await loadDefinition(definitionFile, invocation.environment)
    : undefined;
  const proposal = proposeSource(table, loaded?.draft?.definition);
  if (isWriting) {
    if (loaded === undefined) throw new AfterglowError('definition_missing');
    await replaceFile(definitionFile, insertProposal(await readFile(definitionFile, 'utf8'), proposal));
  }
  if (output.isJson) {
    output.json({ ...proposal, written: isWriting });
    return 0;
  }
  output.line('sources:');
  output.line(indented(proposal.sourceYaml));
  if (proposal.enrichmentYaml !== '') {
    output.line();
    output.line('enrichments:');
    output.line(indented(proposal.enrichmentYaml));
  }
  output.note('');
  output.note(
    isWriting
      ? `Written into ${definitionFile}. Next: npx afterglow config check, then npx afterglow init.`
      : `Nothing was written. With --write it goes into ${definitionFile}.`,
  );
  return 0;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n');

/** Whole or not at all. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.draft-${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, file);
}

async function catalogOf(url: string): Promise<Catalog> {
  const client = await connectDatabase({ url, applicationName: 'afterglow add' });
  try {
    return await readCatalog(client);
  } finally {
    await client.end();
  }
}

function requireTable(catalog: Catalog, written: string, database: string): Table {
  const [schema, name] = written.includes('.') ? splitOnce(written) : ['public', written];
  const table = findTable(catalog, { schema, name });
  if (table !== undefined) return table;
  const meant = nearest(
    `${schema}.${name}`,
    catalog.tables.map((each) => `${each.schema}.${each.name}`),
  );
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  throw new AfterglowError('usage', `${database} has no table ${schema}.${name}.${hint}`, {
    remedy: 'Write it as schema.table, as \\dt in psql shows it.',
  });
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}
