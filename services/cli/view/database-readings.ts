// What the live view and `status` ask the database. One connection, made again when it broke.
import type { Budget, Definition } from '../../../shared/config/definition.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readBudget } from '../../../shared/side-tables/budget.ts';
import { RESULT_COLUMNS } from '../../../shared/side-tables/enrichment-tables.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { type LedgerNow, readLedger } from '../../../shared/side-tables/ledger-entries.ts';
import { enrichedView, LEDGER, REDO_JOBS, resultTable, slotName } from '../../../shared/side-tables/names.ts';
import { AUDITS_ARE_KEPT, LAST_AUDITS, type LastAudit, toLastAudits } from '../audit/last-audits.ts';
import { OPEN_SWEEPS, type OpenSweep, SWEEPS_ARE_KEPT, toOpenSweeps } from '../sweeps.ts';
import { type ResultCount, resultQuestions, toResultCount } from './result-counts.ts';
import type { RowTable } from './snapshot.ts';

export interface SlotReading {
  readonly isActive: boolean;
  /** NULL for a slot that never reserved anything. */
  readonly walStatus: string | undefined;
  /** Write-ahead log that was not acknowledged. */
  readonly lagBytes: number | undefined;
  /** Write-ahead log that the server keeps for it, which is more while a transaction is open. */
  readonly keptBytes: number | undefined;
}

export interface WaitingRedo {
  readonly job: string;
  /** 'schema.table'. */
  readonly table: string;
  readonly waits_for: string;
}

export interface LedgerToday extends LedgerNow {
  readonly budget: Budget | undefined;
  readonly definition: Definition;
}

const WAITING_REDOS_MAX = 5;
const STATEMENT_TIMEOUT_MS = 3_000;
const FLAGGED_MAX = 12;

const DEMO_COLUMNS: RowTable['columns'] = [
  { head: 'id', width: 8, align: 'right' },
  { head: 'amount', width: 10, align: 'right' },
  { head: 'merchant', width: 0, align: 'left' },
  { head: 'category', width: 11, align: 'left' },
  { head: 'tries', width: 5, align: 'right' },
  { head: 'score', width: 6, align: 'right' },
];
const REVIEW_COLUMNS: RowTable['columns'] = [
  { head: 'id', width: 8, align: 'right' },
  { head: 'in', width: 5, align: 'left' },
  { head: 'review', width: 0, align: 'left' },
  { head: 'sentiment', width: 9, align: 'left' },
  { head: 'sure', width: 5, align: 'right' },
  { head: 'vectors', width: 7, align: 'right' },
];
const OWN_COLUMNS: RowTable['columns'] = [
  { head: 'enrichment', width: 14, align: 'left' },
  { head: 'result', width: 0, align: 'left' },
];

// The newest of the flagged index first, then their rows by key: the view is inlined, so nothing else is read. A batch is scored
// at one time, so the key decides within it: else the rows would change places with every reading.
const DEMO_FLAGGED = `
  select v.id::text, v.amount::text, v.merchant_name, v.merchant_category::text, v.attempts_10m::text,
         to_char(v.fraud_score, 'FM0.000')
    from (select id, scored_at from ${resultTable('fraud')} where flagged
           order by scored_at desc, id desc limit ${FLAGGED_MAX}) r
    join ${enrichedView('transactions')} v on v.id = r.id
   order by r.scored_at desc, r.id desc`;

const REVIEWS_MAX = 8;
const REVIEW_CHARACTERS = 120;

// By the key, which the view hands through, so that only these rows are read.
const DEMO_REVIEWS = `
  select v.id::text, v.sentiment_language, coalesce(v.title || ': ', '') || left(v.body, ${REVIEW_CHARACTERS}),
         lower(v.sentiment_label), to_char(v.sentiment_confidence, 'FM0.000'),
         (select count(*)::text from ${resultTable('embedding')} e where e.id = v.id)
    from ${enrichedView('reviews')} v
   where v.sentiment_status = 'scored' order by v.id desc limit ${REVIEWS_MAX}`;

export class DatabaseReadings implements AsyncDisposable {
  readonly #url: string;
  readonly #definition: Definition;
  #client: DatabaseClient | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, definition: Definition) {
    this.#url = url;
    this.#definition = definition;
  }

  /** Undefined: there is no slot yet. */
  async slot(): Promise<SlotReading | undefined> {
    const rows = await this.#ask<[boolean, string | null, string | null, string | null]>(
      `select active, wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::text,
              pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text
         from pg_replication_slots where slot_name = $1`,
      [slotName(this.#definition.pipeline)],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const [isActive, walStatus, lag, kept] = row;
    return {
      isActive,
      walStatus: walStatus ?? undefined,
      lagBytes: lag === null ? undefined : Math.max(0, Number(lag)),
      keptBytes: kept === null ? undefined : Math.max(0, Number(kept)),
    };
  }

  /** Jobs that have rows read again and cannot go on, the oldest first. None where no set-up has made their table yet. */
  async waitingRedos(): Promise<readonly WaitingRedo[]> {
    const [found] = await this.#ask<[boolean]>('select to_regclass($1) is not null', [REDO_JOBS]);
    if (found?.[0] !== true) return [];
    const rows = await this.#ask<[string, string, string]>(
      `select job::text, table_schema || '.' || table_name, waits_for from ${REDO_JOBS}
        where state in ('waiting', 'running') and waits_for is not null order by ${REDO_JOBS}.job limit ${WAITING_REDOS_MAX}`,
    );
    return rows.map(([job, table, waits]) => ({ job, table, waits_for: waits }));
  }

  /** Looks for results whose rows are gone; none where no set-up has made their tables yet. */
  async openSweeps(): Promise<readonly OpenSweep[]> {
    const [found] = await this.#ask<[boolean]>(SWEEPS_ARE_KEPT);
    if (found?.[0] !== true) return [];
    const [cell] = await this.#ask<[string]>(OPEN_SWEEPS);
    return toOpenSweeps(cell?.[0] ?? '[]');
  }

  /** What was last proven of each enrichment; none where no set-up has made the table yet. */
  async lastAudits(): Promise<readonly LastAudit[]> {
    const [found] = await this.#ask<[boolean]>(AUDITS_ARE_KEPT);
    if (found?.[0] !== true) return [];
    const [cell] = await this.#ask<[string]>(LAST_AUDITS, [Object.keys(this.#definition.enrichments)]);
    return toLastAudits(cell?.[0] ?? '[]');
  }

  /** What was spent today, and what may be by whom; undefined where no set-up has made the ledger yet. */
  async ledgerToday(): Promise<LedgerToday | undefined> {
    const [found] = await this.#ask<[boolean]>('select to_regclass($1) is not null', [LEDGER]);
    if (found?.[0] !== true) return undefined;
    return await this.#inTurn(async (client) => ({
      ...(await readLedger(client, 0)),
      budget: await readBudget(client, this.#definition),
      definition: await readDefinitionInForce(client, this.#definition),
    }));
  }

  /** Newest first. The demo's payments have columns of their own; any other table shows key and outputs. */
  async flagged(isDemo: boolean): Promise<RowTable> {
    if (isDemo && this.#definition.enrichments.fraud !== undefined) {
      return { columns: DEMO_COLUMNS, rows: texts(await this.#ask<unknown[]>(DEMO_FLAGGED)) };
    }
    const hidden = RESULT_COLUMNS.map(({ name }) => name);
    const rows: (readonly string[])[] = [];
    const { enrichments } = await this.#inForce();
    for (const [name, { flag }] of Object.entries(enrichments)) {
      if (flag === undefined) continue;
      const found = await this.#ask<[string]>(
        `select (to_jsonb(r) - $1::text[])::text from ${resultTable(name)} r where flagged
          order by scored_at desc, to_jsonb(r) desc limit ${FLAGGED_MAX}`,
        [hidden],
      );
      for (const [result] of found) rows.push([name, result]);
    }
    return { columns: OWN_COLUMNS, rows: rows.slice(0, FLAGGED_MAX) };
  }

  /** The demo's newest reviews, what Comprehend reads in them, and how many vectors each of them has. */
  async reviews(isDemo: boolean): Promise<RowTable | undefined> {
    const { sentiment, embedding } = this.#definition.enrichments;
    if (!isDemo || sentiment === undefined || embedding === undefined) return undefined;
    return { columns: REVIEW_COLUMNS, rows: texts(await this.#ask<unknown[]>(DEMO_REVIEWS)) };
  }

  async resultsSince(since: Date): Promise<readonly ResultCount[]> {
    const counts: ResultCount[] = [];
    for (const question of resultQuestions(await this.#inForce())) {
      const answer = await this.#ask<[string, string]>(question.statement, [since.toISOString()]);
      counts.push(toResultCount(question, answer));
    }
    return counts;
  }

  async flaggedSince(since: Date): Promise<number> {
    let count = 0;
    const { enrichments } = await this.#inForce();
    for (const [name, { flag }] of Object.entries(enrichments)) {
      if (flag === undefined) continue;
      const [row] = await this.#ask<[string]>(
        `select count(*)::text from ${resultTable(name)} where flagged and scored_at >= $1`,
        [since.toISOString()],
      );
      count += Number(row?.[0] ?? 0);
    }
    return count;
  }

  /** A cut-over may have given a name other columns than the file says. */
  #inForce(): Promise<Definition> {
    return this.#inTurn((client) => readDefinitionInForce(client, this.#definition));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#client?.end().catch(() => {});
  }

  async #ask<Row extends unknown[]>(text: string, values: unknown[] = []): Promise<Row[]> {
    return await this.#inTurn(
      async (client) => (await client.query<Row>({ text, values, rowMode: 'array' })).rows,
    );
  }

  /** One question after the other: a connection answers one at a time, and two must not both make one. */
  async #inTurn<Answer>(question: (client: DatabaseClient) => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(() => this.#askNow(question));
    this.#last = answer.catch(() => {});
    return await answer;
  }

  async #askNow<Answer>(question: (client: DatabaseClient) => Promise<Answer>): Promise<Answer> {
    try {
      this.#client ??= await connectDatabase({
        url: this.#url,
        applicationName: 'afterglow view',
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      });
      return await question(this.#client);
    } catch (error) {
      const broken = this.#client;
      this.#client = undefined;
      await broken?.end().catch(() => {});
      throw error;
    }
  }
}

const texts = (rows: readonly (readonly unknown[])[]): readonly (readonly string[])[] =>
  rows.map((row) => row.map((cell) => (cell === null || cell === undefined ? '' : String(cell))));
