import type { BatchRecord } from './produce/record-batch.ts';

export interface TopicRecord extends BatchRecord {
  readonly topic: string;
  readonly partition: number;
}
