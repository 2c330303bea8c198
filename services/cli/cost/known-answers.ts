import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { Model, ModelItem, RowInput } from '../../../shared/models/model.ts';
import { requestHash } from '../../../shared/models/request-hash.ts';
import { inputHashOf } from '../../../shared/models/row-input.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { readRequests } from '../../../shared/side-tables/request-cache.ts';
import { registeredRevision } from '../../../shared/side-tables/revisions.ts';
import {
  equalModelRevisions,
  readStoredResults,
  storedResultsStatement,
} from '../../../shared/side-tables/stored-results.ts';

/** As long as the enricher itself looks back. */
const KEPT_MS = 90 * 86_400_000;
/** Of one statement. */
const AT_ONCE_MAX = 500;

export interface KeyedInput {
  readonly key: Readonly<Record<string, string>>;
  readonly input: RowInput;
}

type PricedModel = Pick<Model, 'id' | 'parameters' | 'requestText'>;

/** What is paid for already: results beside their rows, and answers in the shared cache. */
export class KnownAnswers {
  readonly #client: DatabaseClient;
  readonly #enrichment: string;
  readonly #revisions: readonly number[];

  private constructor(client: DatabaseClient, enrichment: string, revisions: readonly number[]) {
    this.#client = client;
    this.#enrichment = enrichment;
    this.#revisions = revisions;
  }

  static async read(client: DatabaseClient, definition: Definition, name: string): Promise<KnownAnswers> {
    try {
      const revision = await registeredRevision(client, definition, name);
      return new KnownAnswers(client, name, await equalModelRevisions(client, name, revision));
    } catch (error) {
      // Of a definition that nobody registered yet nothing was ever asked.
      if (error instanceof AfterglowError) return new KnownAnswers(client, name, []);
      throw error;
    }
  }

  /** Places of the rows whose result stands beside them, by this very input. */
  async stored(rows: readonly KeyedInput[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    if (this.#revisions.length === 0) return found;
    const tables = await readEnrichmentTables(this.#client, this.#enrichment);
    const statement = storedResultsStatement(tables);
    for (let begin = 0; begin < rows.length; begin += AT_ONCE_MAX) {
      const wanted = rows
        .slice(begin, begin + AT_ONCE_MAX)
        .map(({ key, input }) => ({ key, inputHash: inputHashOf(input) }));
      const results = await readStoredResults(this.#client, tables, statement, wanted, this.#revisions);
      for (const [place, result] of results.entries()) if (result !== undefined) found.add(begin + place);
    }
    return found;
  }

  /** By request: JSON of the answers that the cache has. */
  async cached(model: PricedModel, items: readonly ModelItem[]): Promise<ReadonlyMap<string, string>> {
    const hashOf = requestHash(model);
    const hashes = [...new Set(items.map((item) => hashOf(item)))];
    const found = new Map<string, string>();
    for (let begin = 0; begin < hashes.length; begin += AT_ONCE_MAX) {
      const asked = hashes.slice(begin, begin + AT_ONCE_MAX);
      const answers = await readRequests(this.#client, asked, KEPT_MS);
      for (const [place, answer] of answers.entries()) {
        if (answer !== undefined) found.set(asked[place] ?? '', answer.result);
      }
    }
    return found;
  }
}
