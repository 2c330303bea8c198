import type { Enrichment } from '../../../shared/config/definition.ts';
import type { ColumnValue } from '../../../shared/contracts/events.ts';
import { codecOf, type Decode, type TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { compileEnrichment, type EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import { openModel } from '../../../shared/models/index.ts';
import type { Model } from '../../../shared/models/model.ts';
import { rowBoundNanoUsd } from '../../../shared/models/row-bound.ts';
import { readRow } from '../../../shared/models/row-input.ts';
import { findTable, readCatalog } from '../../../shared/postgres/catalog.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { Prices } from '../../../shared/spend/prices.ts';
import type { DescribedTable } from './described-table.ts';
import type { Texts } from './texts.ts';

/** Nothing is called: models only say what they would ask, and the most that it would cost. */
const NOWHERE = { mode: 'local', endpoint: 'http://127.0.0.1:9' } as const;

/** What a row may cost at most; `nowMs`: the commit that it is going to have. */
export type PriceOf = (row: Texts, nowMs: number) => number;

/** Of rows as they are read, by the very functions that the enricher reserves their money with. */
export class RowPrices {
  readonly #prices: Prices;
  readonly #models = new Map<Enrichment, Model>();
  readonly #known = new Map<Enrichment, { readonly columns: string; readonly priceOf: PriceOf }>();

  constructor(prices: Prices) {
    this.#prices = prices;
  }

  /** For rows of the table as it is now. */
  async of(
    client: Queryable,
    enrichment: Enrichment,
    table: DescribedTable,
    types: TypeCatalog,
  ): Promise<PriceOf> {
    const columns = JSON.stringify(table.relation.columns.map((column) => [column.name, column.typeOid]));
    const known = this.#known.get(enrichment);
    if (known?.columns === columns) return known.priceOf;
    const program = await programOf(client, enrichment, table);
    const priceOf =
      program === undefined ? free : priced(await this.#modelOf(enrichment), program, table, types);
    this.#known.set(enrichment, { columns, priceOf });
    return priceOf;
  }

  async #modelOf(enrichment: Enrichment): Promise<Model> {
    const known = this.#models.get(enrichment);
    if (known !== undefined) return known;
    using opened = await openModel(enrichment, NOWHERE, 1, this.#prices);
    this.#models.set(enrichment, opened.model);
    return opened.model;
  }
}

const free: PriceOf = () => 0;

/** undefined: its expressions do not fit the table any more, so that its enricher does not even start. */
async function programOf(
  client: Queryable,
  enrichment: Enrichment,
  { relation }: DescribedTable,
): Promise<EnrichmentProgram | undefined> {
  const found = findTable(await readCatalog(client), relation);
  if (found === undefined) return undefined;
  try {
    return compileEnrichment(enrichment, found.columns);
  } catch (error) {
    if (error instanceof AfterglowError) return undefined;
    throw error;
  }
}

function priced(
  model: Model,
  program: EnrichmentProgram,
  { relation }: DescribedTable,
  types: TypeCatalog,
): PriceOf {
  const read = program.columns.flatMap((name): readonly [string, number, Decode][] => {
    const place = relation.columns.findIndex((column) => column.name === name);
    const column = relation.columns[place];
    return column === undefined ? [] : [[name, place, codecOf(column.typeOid, types).decode]];
  });
  return (row, nowMs) => {
    const values = read.map(([name, place, decode]): [string, ColumnValue] => {
      const text = row[place] ?? null;
      return [name, text === null ? null : decode(text)];
    });
    const made = readRow(program, Object.fromEntries(values), nowMs);
    return made.kind === 'ask' ? rowBoundNanoUsd(model, made.input) : 0;
  };
}
