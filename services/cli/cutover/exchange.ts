import type { Definition } from '../../../shared/config/definition.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { exchangeStatements, lockFences, openJobsOf } from '../../../shared/side-tables/cutovers.ts';
import { outputFunction, resultTable, stateTable } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { outputFunctionParts } from '../../../shared/side-tables/views.ts';
import { applyInit } from '../init/apply.ts';

/** Shorter than the time after which the server looks for a deadlock, and what a reader may wait behind us. */
const LOCK_WAIT_MS = 300;
const LOCK_AGAIN_MS = 100;
const LOCK_TRIES_MAX = 60;
const LOCK_NOT_AVAILABLE = '55P03';

/** Whoever reads has one of them already and wants the next: then we let go of ours and try again. */
async function lockTables(client: DatabaseClient, enrichment: string): Promise<void> {
  const tables = [enrichment, shadowOf(enrichment)].flatMap((name) => [stateTable(name), resultTable(name)]);
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
): Promise<void> {
  await applyInit(client, kafka, { definition: written }, undefined, async () => {
    await client.query(lockFences(enrichment));
    const jobs = await openJobsOf(client, enrichment);
    if (jobs.length > 0) {
      throw new AfterglowError(
        'cutover_refused',
        `Rows are still being read again for ${enrichment} or its shadow: ${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.join(', ')}.`,
        { remedy: 'Wait for them, or cancel them: see `afterglow backfill list`.' },
      );
    }
    await lockTables(client, enrichment);
    const before = outputFunctionParts(await readEnrichmentTables(client, enrichment));
    const after = outputFunctionParts({
      ...(await readEnrichmentTables(client, shadowOf(enrichment))),
      enrichment,
    });
    // Made for a column that the other model does not have; set-up makes the one for its own.
    if (before !== undefined && before.statement !== after?.statement) {
      await client.query(`drop function if exists ${outputFunction(enrichment, before.output)}`);
    }
    for (const statement of exchangeStatements(enrichment)) await client.query(statement);
  });
}
