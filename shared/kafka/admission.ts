import { pause } from '../lifecycle/run-service.ts';
import type { OffsetToCommit } from './offsets.ts';

/** A membership that begins. */
export interface Admission {
  /** What is assigned to it, by topic. */
  readonly partitions: Readonly<Record<string, readonly number[]>>;
  /** Has the group go on there; whoever commits that way begins anew, since this membership goes on where the group had come to. */
  commit(offsets: readonly OffsetToCommit[]): Promise<void>;
}

/** However long it takes: whoever is silent for too long is no member any more. */
export async function stayingMember(
  awaited: Promise<void>,
  heartbeat: () => Promise<void>,
  intervalMs: number,
): Promise<void> {
  const over = new AbortController();
  const ended = awaited.finally(() => over.abort());
  while (await pause(intervalMs, over.signal)) await heartbeat();
  await ended;
}
