import { isRowKey } from '../../shared/contracts/enriched-guard.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { type DatabasePool, inTransaction } from '../../shared/postgres/connect.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { buryKey, type Target } from './apply.ts';
import type { Archive } from './archive.ts';
import type { WriterMetrics } from './metrics.ts';
import { parse } from './outcomes.ts';
import { applyPatiently, type Patience } from './patience.ts';
import { refusalOf } from './refusals.ts';

export interface BurialParts {
  readonly pool: DatabasePool;
  /** By topic. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly archive: Pick<Archive, 'unburied'>;
  readonly metrics: Pick<WriterMetrics, 'refused'>;
  readonly logger: Logger;
  readonly patience: Patience;
}

/**
 * Deletes what a tombstone names whose deletion may have been compacted away. Where a rule of the tables refuses that, a result
 * stays whose row is gone: so it is told, counted and archived, and the others go on. However many are refused in a row, it says
 * nothing of whether the tables take results.
 */
export async function bury(record: FetchedRecord, parts: BurialParts): Promise<void> {
  const { archive, logger, metrics, patience, pool, targets } = parts;
  const { topic } = record;
  const target = targets.get(topic);
  const key = record.key === null ? undefined : parse(record.key);
  if (target === undefined || !isRowKey(key)) return;
  try {
    const work = () => inTransaction(pool, (client) => buryKey(client, target, key));
    await applyPatiently([{ record }], work, patience);
  } catch (error) {
    const fault = refusalOf(error);
    if (fault === undefined) throw error;
    if (isNoKey(fault)) return;
    const { code } = fault;
    metrics.refused(target.tables.enrichment, code);
    await archive.unburied(record, key, fault);
    logger.error({ code, topic }, 'the database refuses a deletion: the result of a row that is gone stays');
  }
}

const DATA_EXCEPTION_CLASS = '22';

/** What no table takes as a key is in no table. */
const isNoKey = ({ code }: Fault): boolean => code === 'shape' || code.startsWith(DATA_EXCEPTION_CLASS);
