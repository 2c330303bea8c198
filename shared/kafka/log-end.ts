import { Fault } from '../errors/policy.ts';
import type { Appended } from './offsets.ts';

interface Appending {
  readonly timestamp: string;
  /** The client gives it without saying so. */
  readonly batchContext?: { readonly partitionLeaderEpoch?: number };
}

/** How the broker took the record. */
export const appendedAs = ({ timestamp, batchContext }: Appending): Appended => ({
  leaderEpoch: batchContext?.partitionLeaderEpoch ?? -1,
  timestampMs: Number(timestamp),
});

/** What it holds now is taken from there. What it has lost was taken by this group, and maybe by no other one. */
export const endLost = (topic: string, partition: number, offset: bigint): Fault =>
  new Fault(
    'unavailable',
    'log_end_lost',
    `Kafka has lost the end of ${topic}/${partition} from ${offset} on, and goes on there: \`afterglow audit\` finds what is missing`,
  );
