import { LOCAL_REGION } from '../../../shared/aws/settings.ts';
import { type Definition, type Enrichment, modelKind } from '../../../shared/config/definition.ts';
import { model as modelSchema } from '../../../shared/config/model-kinds/index.ts';
import type { TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { compileEnrichment, type EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import { openModel } from '../../../shared/models/index.ts';
import { askedOf } from '../../../shared/models/row-bound.ts';
import { findTable, readCatalog, type Table } from '../../../shared/postgres/catalog.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../../shared/postgres/type-catalog.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import { keyTypeChange } from '../../../shared/side-tables/key-types.ts';
import { keyColumn, qualifiedName, stateTable } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { readRevisionContents, registeredRevision } from '../../../shared/side-tables/revisions.ts';
import type { Rules } from './judge.ts';

/** One enrichment, with its source and its side tables: what is compared. */
export interface Subject {
  readonly enrichment: string;
  readonly source: string;
  readonly table: Table;
  readonly tables: EnrichmentTables;
  readonly types: TypeCatalog;
  readonly rules: Rules;
  /** Of the source, as far as any of its revisions reads them. */
  readonly columns: readonly string[];
  /** Whether source and side tables put keys into the same order, so that a stretch of one is a stretch of the other. */
  readonly sharesOrder: boolean;
}

export async function readSubjects(
  client: Queryable,
  definition: Definition,
  sources: readonly string[],
): Promise<readonly Subject[]> {
  const catalog = await readCatalog(client);
  const types = await readTypeCatalog(client);
  const subjects: Subject[] = [];
  const compared = Object.entries(definition.enrichments).filter(([, { from }]) => sources.includes(from));
  const change = await keyTypeChange(
    client,
    definition,
    compared.map(([name]) => name),
  );
  if (change !== undefined) throw new AfterglowError('key_type_changed', change);
  for (const [name, enrichment] of compared) {
    const source = definition.sources[enrichment.from];
    if (source === undefined) continue;
    const table = findTable(catalog, source.table);
    if (table === undefined) {
      const { schema, name: relation } = source.table;
      throw new AfterglowError('definition_invalid', `Table ${schema}.${relation} does not exist.`);
    }
    const tables = await readEnrichmentTables(client, name);
    const rules = await readRules(client, definition, name, table);
    const read = new Set([...rules.programs.values()].flatMap(({ columns }) => columns));
    subjects.push({
      enrichment: name,
      source: enrichment.from,
      table,
      tables,
      types,
      rules,
      columns: table.columns.map((column) => column.name).filter((column) => read.has(column)),
      sharesOrder: await ordersAlike(client, table, tables),
    });
  }
  return subjects;
}

async function readRules(
  client: Queryable,
  definition: Definition,
  name: string,
  table: Table,
): Promise<Rules> {
  const enrichment = definition.enrichments[name];
  if (enrichment === undefined) throw new RangeError(`no enrichment ${name}`);
  const revision = await registeredRevision(client, definition, name);
  const programs = new Map<number, EnrichmentProgram>();
  const chunksMax = new Map<number, number>();
  const asks = new Map<number, Ask>();
  for (const [number, content] of await readRevisionContents(client, name)) {
    const program = compiled(content, table);
    if (program === undefined) continue;
    programs.set(number, program);
    const { model } = content as Enrichment;
    if ('max_chunks' in model) chunksMax.set(number, model.max_chunks);
    const ask = await askOf(content as Enrichment);
    if (ask !== undefined) asks.set(number, ask);
  }
  programs.set(revision, compileEnrichment(enrichment, table.columns));
  return { revision, programs, chunksMax, asks };
}

type Ask = Rules['asks'] extends ReadonlyMap<number, infer Each> ? Each : never;

/** Nothing is called: the model only says what it would ask. */
const NOWHERE = { mode: 'real', region: LOCAL_REGION } as const;

async function askOf(content: Enrichment): Promise<Ask | undefined> {
  // Numbers are always asked about, and a client that nobody needs takes its time and its memory.
  if (modelKind(content.model.kind).input === 'tabular')
    return ({ input }) => ({ kind: 'items', items: [{ input }] });
  // A revision is kept without its pace, which changes nothing here.
  const read = modelSchema.safeParse(content.model);
  if (!read.success) return undefined;
  using opened = await openModel({ ...content, model: read.data }, NOWHERE, 1);
  const { model } = opened;
  return (row) => askedOf(model, row);
}

/** An earlier definition may name columns that are gone: its outcomes cannot be looked into any more. */
function compiled(content: unknown, table: Table): EnrichmentProgram | undefined {
  try {
    return compileEnrichment(content as Enrichment, table.columns);
  } catch (error) {
    if (error instanceof AfterglowError) return undefined;
    throw error;
  }
}

const ORDERS = `
  select bool_and(theirs.attcollation = ours.attcollation) as alike
    from unnest($3::text[], $4::text[]) as name(theirs, ours)
    join pg_attribute theirs on theirs.attrelid = $1::regclass and theirs.attname = name.theirs
    join pg_attribute ours on ours.attrelid = $2::regclass and ours.attname = name.ours`;

async function ordersAlike(client: Queryable, table: Table, tables: EnrichmentTables): Promise<boolean> {
  const { rows } = await client.query<{ alike: boolean | null }>(ORDERS, [
    qualifiedName(table.schema, table.name),
    stateTable(tables.enrichment),
    tables.keyColumns.map(({ name }) => name),
    tables.keyColumns.map(({ name }) => keyColumn(name)),
  ]);
  return rows[0]?.alike === true;
}
