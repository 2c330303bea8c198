import type { MeasuredProcess } from './measured-process.ts';
import type { Parts } from './parts.ts';
import type { Workload } from './workload.ts';

/** A program that brings the rows of a slot to a topic. */
export interface Capture {
  readonly name: 'ours' | 'debezium';
  readonly slot: string;
  readonly topic: string;
  start(parts: Parts, workload: Workload): Promise<MeasuredProcess>;
}
