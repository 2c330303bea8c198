import type { RecordConsumer } from '../../shared/kafka/consumer.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { BatchWriter, type BatchWriterParts } from './batch-writer.ts';
import { refuseOvertaken } from './compaction.ts';
import { type Hold, untilSetRight } from './hold.ts';
import type { Lane } from './lanes.ts';
import { Pace } from './pace.ts';
import { Abandoned, type Patience } from './patience.ts';

const BATCH = { rowsMax: 1_000, bytesMax: 4 * 1_048_576, waitMaxMs: 0 };

export interface LaneParts extends Omit<BatchWriterParts, 'pace' | 'patience'> {
  readonly consumer: Pick<RecordConsumer, 'isCurrent' | 'finish'>;
  readonly observed: Pick<Patience, 'failed' | 'resumed'> & Hold;
  /** Of the session. */
  readonly startedAtMs: number;
  readonly ending: AbortSignal;
}

/** The outcomes of one topic: written as fast as their tables take them, and finished once they are safe. */
export function createLane(queue: Lane['queue'], parts: LaneParts): Lane {
  const { consumer, metrics, observed, startedAtMs, ending } = parts;
  const pace = new Pace(BATCH.rowsMax);
  const writer = new BatchWriter({
    ...parts,
    pace,
    patience: {
      ...observed,
      isWanted: (batch) => batch.some(({ record }) => consumer.isCurrent(record)),
      stopping: ending,
    },
  });
  return {
    queue,
    limits: () => ({ ...BATCH, rowsMax: pace.rows }),
    write: async (records) => {
      const write = async (): Promise<void> => {
        refuseOvertaken(records, startedAtMs, Date.now());
        const restMs = await writer.write(records.filter((record) => consumer.isCurrent(record)));
        consumer.finish(records);
        metrics.rested(restMs);
        await pause(restMs, ending);
      };
      try {
        await untilSetRight(write, observed, ending);
      } catch (error) {
        if (!(error instanceof Abandoned)) throw error;
      }
    },
  };
}
