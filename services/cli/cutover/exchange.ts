import type { Definition } from '../../../shared/config/definition.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { type DatabaseClient, type Queryable, sqlState } from '../../../shared/postgres/connect.ts';
import { exchangeStatements, lockFences, openJobsOf } from '../../../shared/side-tables/cutovers.ts';
import { outputFunction, qualifiedName } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { readRevisions } from '../../../shared/side-tables/revisions.ts';
import { outputFunctionParts } from '../../../shared/side-tables/views.ts';
import { applyAfter } from '../init/apply.ts';
import { rightsStatements } from './rights.ts';
import { tablePairs } from './table-pairs.ts';

/** Shorter than the time after which the server looks for a deadlock, and what a reader may wait behind us. */
const LOCK_WAIT_MS = 300;
const LOCK_AGAIN_MS = 100;
const LOCK_TRIES_MAX = 60;
const LOCK_NOT_AVAILABLE = '55P03';

/** Whoever reads has one of them already and wants the next: then we let go of ours and try again. */
async function lockTables(client: DatabaseClient, enrichment: string): Promise<void> {
  const tables = tablePairs(enrichment).flatMap(({ schema, own, other }) =>
    [own, other].map((table) => qualifiedName(schema, table)),
  );
  const always = new AbortController().signal;
  await client.query(
    `select set_config('afterglow.lock_timeout', current_setting('lock_timeout'), true);
     set local lock_timeout = ${LOCK_WAIT_MS}`,
  );
  for (let tries = 1; ; tries += 1) {
    await client.query('savepoint unlocked');
    try {
      await client.query(`lock table ${tables.join(', ')} in access exclusive mode`);
      break;
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || tries === LOCK_TRIES_MAX) throw error;
      await client.query('rollback to savepoint unlocked');
      await pause(LOCK_AGAIN_MS, always);
    }
  }
  await client.query(`select set_config('lock_timeout', current_setting('afterglow.lock_timeout'), true)`);
}

/** Numbers of the registered revisions: which model counts, and which is to. */
export interface AgreedRevisions {
  readonly counting: number;
  readonly shadow: number;
}

export async function readAgreed(client: Queryable, enrichment: string): Promise<AgreedRevisions> {
  const registered = await readRevisions(client);
  const numberOf = (name: string): number => registered.get(name)?.revision ?? 0;
  return { counting: numberOf(enrichment), shadow: numberOf(shadowOf(enrichment)) };
}

const UNDEFINED_COLUMN = '42703';

/** @throws AfterglowError others_depend */
async function keepRight(client: DatabaseClient, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (cause) {
    if (sqlState(cause) !== UNDEFINED_COLUMN) throw cause;
    throw new AfterglowError(
      'others_depend',
      `A privilege or a policy is for a column that the other model does not have: ${statement}.`,
      { cause },
    );
  }
}

/** Whoever stands still behind our locks must not hold everybody up. */
const IDLE_MAX = '20s';

/**
 * Tables, revisions, view and functions at once: whoever reads results sees those of one model before the commit and those of
 * the other behind it. A batch of the writer that is under way is waited for; what it does next, it does by the names of now.
 * @throws AfterglowError; nothing has changed places then
 */
export async function exchange(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  written: Definition,
  enrichment: string,
  agreed: AgreedRevisions,
): Promise<void> {
  const before = async (): Promise<void> => {
    await client.query(`set local idle_in_transaction_session_timeout = '${IDLE_MAX}'`);
    await client.query(lockFences(enrichment));
    const now = await readAgreed(client, enrichment);
    if (now.counting !== agreed.counting || now.shadow !== agreed.shadow) {
      throw new AfterglowError(
        'cutover_refused',
        `${enrichment} or its shadow is another model by now than the one that was agreed to and audited.`,
        { remedy: 'See `afterglow status`, then run `afterglow cutover` again if you still want it.' },
      );
    }
    const jobs = await openJobsOf(client, enrichment);
    if (jobs.length > 0) {
      throw new AfterglowError(
        'cutover_refused',
        `Rows are still being read again for ${enrichment} or its shadow: ${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.join(', ')}.`,
        { remedy: 'Wait for them, or cancel them: see `afterglow backfill list`.' },
      );
    }
    await lockTables(client, enrichment);
    const ofBefore = outputFunctionParts(await readEnrichmentTables(client, enrichment));
    const ofAfter = outputFunctionParts({
      ...(await readEnrichmentTables(client, shadowOf(enrichment))),
      enrichment,
    });
    // Made for a column that the other model does not have; set-up makes the one for its own.
    if (ofBefore !== undefined && ofBefore.statement !== ofAfter?.statement) {
      await client.query(`drop function if exists ${outputFunction(enrichment, ofBefore.output)}`);
    }
    const rights: string[] = [];
    for (const pair of tablePairs(enrichment)) rights.push(...(await rightsStatements(client, pair)));
    for (const statement of exchangeStatements(enrichment)) await client.query(statement);
    for (const statement of rights) await keepRight(client, statement);
  };
  await applyAfter(before, client, kafka, { definition: written });
}
