import { CDC_RETENTION_MS } from '../../shared/contracts/retention.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Target } from './apply.ts';

const INTERVAL_MS = 600_000;
/** Of one statement, so that nobody waits for it. */
const ROWS_MAX = 1_000;
/** A change that was taken at the very end of its retention may still be under way at a model. */
const UNDER_WAY_MAX_MS = 86_400_000;

/** Takes deletions away that nothing late can meet any more. Returns how many. */
export async function forgetDeleted(
  client: Queryable,
  { statements }: Target,
  rememberedMs = CDC_RETENTION_MS + UNDER_WAY_MAX_MS,
): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { rowCount } = await client.query({
      ...statements.forgetDeleted,
      values: [rememberedMs, ROWS_MAX],
    });
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < ROWS_MAX) return forgotten;
  }
}

/** Now and then, until `ended` aborts; what fails is tried again then. */
export async function keepForgetting(
  client: Queryable,
  targets: Iterable<Target>,
  logger: Logger,
  ended: AbortSignal,
): Promise<void> {
  const all = [...targets];
  do {
    try {
      for (const target of all) await forgetDeleted(client, target);
    } catch (err) {
      logger.debug({ err }, 'old deletions stay for now');
    }
  } while (await pause(INTERVAL_MS, ended));
}
