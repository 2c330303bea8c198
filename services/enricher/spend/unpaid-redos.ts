import { Gathering } from '../../../shared/batching/gathering.ts';
import type { ChangeEvent, RedoReason, RowKey } from '../../../shared/contracts/events.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import type { Account } from '../../../shared/side-tables/ledger.ts';
import type { ScoredInput } from '../../../shared/side-tables/scored-inputs.ts';
import { noteUnpaid, type UnpaidRow } from '../../../shared/side-tables/unpaid-redos.ts';
import { untilAnswered, type WaitObserver } from '../database-wait.ts';

/** These are there because the stream may have left something out. */
const DISTRUSTFUL: readonly RedoReason[] = ['gap', 'repair'];

/** Whether a result says of the row what it said before the redo: it is of this very input, or of all that the stream has told. */
export function stands(
  result: ScoredInput | undefined,
  { epoch, redo }: Pick<ChangeEvent['source'], 'epoch' | 'redo'>,
  inputHash: string,
): boolean {
  if (result === undefined || redo === undefined) return false;
  if (result.inputHash === inputHash) return true;
  return result.epoch === epoch && !DISTRUSTFUL.includes(redo.reason);
}

export interface UnpaidRedosSettings {
  readonly database: Queryable;
  readonly tables: EnrichmentTables;
  readonly account: Account;
  readonly observer: WaitObserver;
  readonly stopping: AbortSignal;
}

const AT_ONCE_MAX = 500;

/**
 * Rows that were read again without money for them, and whose result stands: they get no outcome, which would take it away,
 * and are read once more when there is money. Noted before their offset is committed.
 */
export class UnpaidRedos {
  readonly #notes: Gathering<UnpaidRow, undefined>;

  constructor({ database, tables, account, observer, stopping }: UnpaidRedosSettings) {
    this.#notes = new Gathering(async (rows) => {
      await untilAnswered(observer, stopping, () => noteUnpaid(database, tables, account, rows));
      return rows.map(() => undefined);
    }, AT_ONCE_MAX);
  }

  async note(key: RowKey, reason: RedoReason): Promise<void> {
    // What has aged looks old still, so the next refresh has it.
    await this.#notes.ask({ key, isToBeRedone: reason !== 'refresh' });
  }
}
