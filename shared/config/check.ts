// The second half of the check, with the real tables: what the definition reads must be there, and fit.
import { compile, createScope, type Scope } from '../expressions/compile.ts';
import { resultProblem, type Wanted } from '../expressions/results.ts';
import { type Catalog, type Column, findTable, type Table } from '../postgres/catalog.ts';
import { CHUNK_COLUMNS, VECTOR_COLUMN } from '../side-tables/enrichment-tables.ts';
import { type ViewColumn, viewColumn } from '../side-tables/names.ts';
import { type Definition, type Enrichment, modelKind, outputsOf, type Source } from './definition.ts';
import { type Finding, inOrder, type Mistake, type Path } from './mistake.ts';
import { nearest } from './nearest.ts';
import { isAmong, type Loaded } from './parse.ts';
import { inputPath, OUR_COLUMNS } from './rules.ts';
import { sourceTableFindings } from './source-tables.ts';
import { formatTableName } from './values.ts';

/** All mistakes, those of the first half among them. What could not be read is left out, and the rest is checked still. */
export function checkDefinition(loaded: Loaded, catalog: Catalog): readonly Mistake[] {
  if (loaded.draft === undefined) return loaded.mistakes;
  const { definition, repaired } = loaded.draft;
  const findings = findingsWith(definition, catalog, repaired).filter(({ path }) => !isAmong(path, repaired));
  return inOrder([...loaded.mistakes, ...findings.map((finding) => loaded.source.locate(finding))]);
}

function findingsWith(
  definition: Definition,
  catalog: Catalog,
  repaired: readonly Path[],
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [name, source] of Object.entries(definition.sources)) {
    if (isAmong(['sources', name, 'table'], repaired)) continue;
    const table = findTable(catalog, source.table);
    if (table === undefined) {
      const names = catalog.tables.map((each) => formatTableName({ schema: each.schema, name: each.name }));
      const instead = nearest(formatTableName(source.table), names);
      findings.push({ path: ['sources', name, 'table'], message: 'the database has no such table', instead });
      continue;
    }
    findings.push(...sourceTableFindings(name, source, table));
    const enrichments = Object.entries(definition.enrichments).filter(
      ([each, { from }]) => from === name && !isAmong(['enrichments', each, 'from'], repaired),
    );
    findings.push(...viewFindings(enrichments, table));
    for (const [each, enrichment] of enrichments) {
      findings.push(...expressionFindings(each, enrichment, source, table));
      findings.push(...languageFindings(each, enrichment, source, table));
      findings.push(...outputFindings(each, enrichment, table));
      findings.push(...vectorFindings(each, enrichment, table));
    }
  }
  return findings;
}

interface Place {
  readonly path: Path;
  readonly text: string;
  readonly wanted: Wanted;
}

function expressionFindings(
  name: string,
  enrichment: Enrichment,
  source: Source,
  table: Table,
): readonly Finding[] {
  const scope = createScope(table.columns, { now: true });
  const wanted = modelKind(enrichment.model.kind).input === 'tabular' ? 'number' : 'text';
  const places = enrichment.input.map(
    (part, index): Place => ({ path: inputPath(name, index, part), text: part.expression, wanted }),
  );
  const { when } = enrichment;
  if (when !== undefined) places.unshift({ path: ['enrichments', name, 'when'], text: when, wanted: 'bool' });
  return places.flatMap((place) => placeFindings(place, scope, source));
}

function placeFindings({ path, text, wanted }: Place, scope: Scope, source: Source): readonly Finding[] {
  const compiled = compile(text, scope);
  if (!compiled.ok) return [{ path, ...compiled.problem }];
  const { expression, warnings } = compiled;
  const problem = resultProblem(expression, wanted);
  const problems = problem === undefined ? warnings : [problem, ...warnings];
  return [
    ...problems.map((each) => ({ path, ...each })),
    ...expression.columns.flatMap((column) => {
      const why = unreadable(column, source);
      return why === undefined ? [] : [{ path, offset: expression.places.get(column.name) ?? 0, ...why }];
    }),
  ];
}

function unreadable(column: Column, source: Source): Pick<Finding, 'message' | 'instead'> | undefined {
  if (source.exclude.includes(column.name)) {
    const message = `${column.name} is excluded, so it never leaves the database`;
    return { message, instead: `another column, or take ${column.name} out of exclude` };
  }
  if (column.generated !== null) {
    const message = `${column.name} is generated, and generated columns are not in the log`;
    return { message, instead: 'the expression it is generated from' };
  }
  return undefined;
}

function languageFindings(
  name: string,
  { model }: Enrichment,
  source: Source,
  table: Table,
): readonly Finding[] {
  const wanted = 'language' in model ? model.language.column : undefined;
  if (wanted === undefined) return [];
  const path = ['enrichments', name, 'model', 'language', 'column'];
  const column = table.columns.find((each) => each.name === wanted);
  if (column !== undefined) {
    const why = unreadable(column, source);
    return why === undefined ? [] : [{ path, ...why }];
  }
  const instead = nearest(wanted, namesOf(table));
  return [{ path, message: `${tableText(table)} has no such column`, instead }];
}

/** The result table has the key columns beside the outputs, so they cannot have one name. */
function outputFindings(name: string, enrichment: Enrichment, table: Table): readonly Finding[] {
  const isDeclared = enrichment.output !== undefined;
  return Object.keys(outputsOf(enrichment))
    .filter((output) => table.key.includes(output))
    .map((output) => ({
      path: isDeclared ? ['enrichments', name, 'output', output] : ['enrichments', name, 'from'],
      atKey: isDeclared,
      message: `${output} is a key column of ${tableText(table)} and an output too`,
      instead: isDeclared ? `${name}_${output}`.slice(0, 31) : 'a source whose key has another name',
    }));
}

const CHUNKED_COLUMNS: readonly string[] = [...CHUNK_COLUMNS.map(({ name }) => name), VECTOR_COLUMN];

/** The result table of a vector kind has columns that no definition names. */
function vectorFindings(name: string, { model }: Enrichment, table: Table): readonly Finding[] {
  if (!('dimensions' in model)) return [];
  return table.key
    .filter((column) => CHUNKED_COLUMNS.includes(column))
    .map((column) => ({
      path: ['enrichments', name, 'from'],
      message: `the key column ${column} has the name of a column of ours beside every vector`,
      instead: 'a table whose key has another name',
    }));
}

const VIEW_COLUMNS: readonly ViewColumn[] = ['status', 'flagged', 'decision', 'scored_at'];

function viewFindings(enrichments: readonly [string, Enrichment][], table: Table): readonly Finding[] {
  const taken = new Map(table.columns.map((column) => [column.name, `a column of ${tableText(table)}`]));
  const findings: Finding[] = [];
  for (const column of table.key.filter((each) => OUR_COLUMNS.has(each))) {
    for (const [name] of enrichments) {
      const message = `the key column ${column} has the name of a column of ours beside every result`;
      findings.push({
        path: ['enrichments', name, 'from'],
        message,
        instead: 'a table whose key has another name',
      });
    }
  }
  for (const [name, enrichment] of enrichments) {
    for (const column of new Set([...VIEW_COLUMNS, ...Object.keys(outputsOf(enrichment))])) {
      const viewed = viewColumn(name, column);
      const owner = taken.get(viewed);
      if (owner === undefined) taken.set(viewed, `a column of enrichment ${name}`);
      else {
        const message = `its view column ${viewed} is ${owner} already`;
        findings.push({ path: ['enrichments', name], atKey: true, message, instead: 'another name' });
      }
    }
  }
  return findings;
}

function namesOf(table: Table): readonly string[] {
  return table.columns.map((column) => column.name);
}

function tableText(table: Table): string {
  return formatTableName({ schema: table.schema, name: table.name });
}
