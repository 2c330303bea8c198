import { pause } from '../../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseSettings, type Queryable } from '../../../shared/postgres/connect.ts';
import { createLogicalSlot, type OpenTransaction, oldestWriter } from '../../../shared/postgres/slots.ts';

const LOOK_INTERVAL_MS = 1_000;
const NO_TIMEOUT = 0;

/**
 * Makes the slot and resolves with its consistent point. The server waits for every open write transaction, which may take
 * hours: `onWaiting` is told of the oldest one meanwhile, and `signal` ends the wait.
 */
export async function createSlotVisibly(
  watcher: Queryable,
  settings: DatabaseSettings,
  { slot, versionNumber }: { slot: string; versionNumber: number },
  onWaiting: (transaction: OpenTransaction) => void,
  signal: AbortSignal,
): Promise<string> {
  const maker = await connectDatabase({ ...settings, statementTimeoutMs: NO_TIMEOUT });
  const done = new AbortController();
  try {
    const { rows } = await maker.query<{ pid: number }>('select pg_backend_pid() as pid');
    const cancel = (): void => {
      void watcher.query('select pg_cancel_backend($1)', [rows[0]?.pid]).catch(() => {});
    };
    signal.addEventListener('abort', cancel, { once: true });
    done.signal.addEventListener('abort', () => signal.removeEventListener('abort', cancel), { once: true });
    const watching = watch(watcher, onWaiting, AbortSignal.any([done.signal, signal]));
    try {
      return await createLogicalSlot(maker, slot, versionNumber);
    } finally {
      done.abort();
      await watching;
    }
  } finally {
    await maker.end().catch(() => {});
  }
}

async function watch(
  watcher: Queryable,
  onWaiting: (transaction: OpenTransaction) => void,
  signal: AbortSignal,
): Promise<void> {
  while (await pause(LOOK_INTERVAL_MS, signal)) {
    const oldest = await oldestWriter(watcher).catch(() => undefined);
    if (oldest !== undefined && !signal.aborted) onWaiting(oldest);
  }
}
