import type { Queryable } from '../../../shared/postgres/connect.ts';
import { openRedoJobs, type RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { readRevisions } from '../../../shared/side-tables/revisions.ts';
import type { RedoSettings } from './engine.ts';

/**
 * Init makes jobs for what it adds to the definition, in the same transaction. A reader that still runs by the definition
 * before does not know the table, or would publish the rows without pacing: such a job waits for its successor.
 */
export class OurJobs {
  readonly #settings: Pick<RedoSettings, 'definition' | 'tables' | 'logger'>;
  readonly #told = new Set<string>();

  constructor(settings: Pick<RedoSettings, 'definition' | 'tables' | 'logger'>) {
    this.#settings = settings;
  }

  /** Those that wait or run, the job that was served longest ago first. */
  async open(client: Queryable): Promise<readonly RedoJob[]> {
    const ours: RedoJob[] = [];
    for (const job of await openRedoJobs(client)) {
      if (await this.#isOurs(client, job)) ours.push(job);
      else this.#tell(job);
    }
    return ours;
  }

  async #isOurs(client: Queryable, { schema, table, enrichments }: RedoJob): Promise<boolean> {
    const { definition, tables } = this.#settings;
    if (!tables.has(`${schema}.${table}`)) return false;
    if (enrichments.length === 0 || enrichments.some((name) => name in definition.enrichments)) return true;
    // One that nobody ever registered is nobody's, and holds nobody up.
    const registered = await readRevisions(client);
    return !enrichments.some((name) => registered.has(name));
  }

  #tell({ job, schema, table, enrichments }: RedoJob): void {
    if (this.#told.has(job)) return;
    this.#told.add(job);
    this.#settings.logger.warn(
      { job, table: `${schema}.${table}`, enrichments },
      'a redo waits for a reader whose definition has its source and its enrichment: start it anew, or cancel the job',
    );
  }
}
