import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { isTransient } from '../../../shared/postgres/transient.ts';
import type { UnitOfWork } from './operations.ts';
import type { RowIds } from './row-ids.ts';
import { perform } from './statements.ts';

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly rows: number }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'connection_lost'; readonly code: string };

/** Data exceptions, broken rules, lost races, a statement or lock that took too long: the next commit may well succeed. */
const REFUSED = /^(22|23|40)|^(57014|55P03)$/;
/** Undefined table, column or function, missing privilege: no commit will ever succeed. */
const GONE = /^42/;

/** One statement commits by itself, several in one transaction: as applications do it. */
export async function commit(client: DatabaseClient, unit: UnitOfWork, ids: RowIds): Promise<CommitOutcome> {
  const several = unit.length > 1;
  try {
    let rows = 0;
    if (several) await client.query('begin');
    for (const operation of unit) rows += await perform(client, operation, ids);
    if (several) await client.query('commit');
    return { kind: 'committed', rows };
  } catch (error) {
    const code = sqlState(error) ?? 'none';
    if (GONE.test(code)) {
      throw new AfterglowError(
        'demo_refused',
        `The demo tables are no longer what the demo made (${code}).`,
        { cause: error },
      );
    }
    if (!REFUSED.test(code)) {
      if (isTransient(error)) return { kind: 'connection_lost', code };
      throw error;
    }
    if (!several) return { kind: 'refused', code };
    // A connection that cannot even roll back is of no more use.
    const usable = await client.query('rollback').then(
      () => true,
      () => false,
    );
    return { kind: usable ? 'refused' : 'connection_lost', code };
  }
}
