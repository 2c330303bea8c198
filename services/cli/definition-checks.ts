import { checkDefinition } from '../../shared/config/check.ts';
import { formatMistakes, hasErrors, type Mistake } from '../../shared/config/mistake.ts';
import { type Loaded, loadDefinition } from '../../shared/config/parse.ts';
import { effectiveDefinition, showDefinition } from '../../shared/config/show.ts';
import { type Catalog, readCatalog } from '../../shared/postgres/catalog.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { requireDefinition } from './definition.ts';
import type { Invocation } from './invocation.ts';
import { checkDatabaseUrl, ownDatabaseUrl, runningStack } from './settings.ts';

const NO_MISTAKES = 0;
const MISTAKES = 2;

export async function checkDefinitionFile(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const loaded = await loadDefinition(invocation.definitionFile, invocation.environment);
  const catalog = await catalogIfKnown(invocation);
  const mistakes = catalog === undefined ? loaded.mistakes : checkDefinition(loaded, catalog);
  const status = hasErrors(mistakes) ? MISTAKES : NO_MISTAKES;
  if (output.isJson) {
    output.json({ mistakes, tables_checked: catalog !== undefined });
    return status;
  }
  if (mistakes.length > 0) {
    output.line(
      formatMistakes(mistakes, loaded.source.text, { color: invocation.isColored && output.isTerminal }),
    );
    output.line();
  }
  output.line(verdict(mistakes, loaded, invocation));
  if (catalog === undefined) {
    output.note('The tables were not looked at: DATABASE_URL is not set, and nothing is running here.');
  }
  return status;
}

function verdict(
  mistakes: readonly Mistake[],
  loaded: Loaded,
  { output, definitionFile }: Invocation,
): string {
  const errors = mistakes.filter(({ severity }) => severity === 'error').length;
  const warnings = mistakes.length - errors;
  const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  if (errors > 0) return output.paint.bad(`${counted(errors, 'mistake')}, ${counted(warnings, 'warning')}.`);
  const { sources = {}, enrichments = {} } = loaded.definition ?? {};
  const contents = `${counted(Object.keys(sources).length, 'source')}, ${counted(Object.keys(enrichments).length, 'enrichment')}`;
  const told = warnings === 0 ? 'no mistakes' : `no mistakes, ${counted(warnings, 'warning')}`;
  return output.paint.good(`${definitionFile}: ${contents}, ${told}.`);
}

async function catalogIfKnown(invocation: Invocation): Promise<Catalog | undefined> {
  const url = ownDatabaseUrl(invocation.environment) ?? runningStack(invocation)?.environment.DATABASE_URL;
  if (url === undefined) return undefined;
  const client = await connectDatabase({ url: checkDatabaseUrl(url), applicationName: 'afterglow config' });
  try {
    return await readCatalog(client);
  } finally {
    await client.end();
  }
}

export async function showDefinitionFile(invocation: Invocation): Promise<number> {
  const definition = await requireDefinition(invocation);
  const { source } = await loadDefinition(invocation.definitionFile, invocation.environment);
  if (invocation.output.isJson) invocation.output.json(effectiveDefinition(definition, source));
  else invocation.output.write(showDefinition(definition, source));
  return 0;
}
