import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';

/** Tells our own messages in the log from everybody else's. */
export const HEARTBEAT_PREFIX = 'afterglow.heartbeat';

export const HEARTBEAT_INTERVAL_MS = 3_000;
/** Nothing at all received for this long, though we wrote something to be received: the stream is dead. */
const SILENCE_MAX_MS = 12_000;

export interface Liveness {
  /** Something came from the slot, whatever it was. */
  received(nowMs: number): void;
  /** We hold back ourselves from here on: silence says nothing about the server. */
  holdsBack(): void;
  goesOn(nowMs: number): void;
  /** How long the server has been silent. */
  silenceMs(nowMs: number): number;
}

export function liveness(nowMs: number): Liveness {
  let lastMs = nowMs;
  const seen = (atMs: number): void => {
    lastMs = atMs;
  };
  return {
    received: seen,
    holdsBack: () => seen(Number.POSITIVE_INFINITY),
    goesOn: seen,
    silenceMs: (atMs) => atMs - lastMs,
  };
}

/**
 * Writes a message into the log every few seconds, so that an idle database can be told from a stalled stream: a frozen
 * server side gives the client no error at all. Transactional, because only those arrive in the order of the log.
 */
export async function heartbeatRegularly(
  client: Queryable,
  stream: Liveness,
  onSilent: (silenceMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let isBeating = false;
  while (await pause(HEARTBEAT_INTERVAL_MS, signal)) {
    // A beat that cannot be written is no reason to drop the stream: what arrives, or does not, decides. Nor is one waited
    // for, since a connection that carries nothing any more never answers.
    if (!isBeating) {
      isBeating = true;
      client
        .query('select pg_logical_emit_message(true, $1, $2)', [HEARTBEAT_PREFIX, String(Date.now())])
        .catch(() => {})
        .finally(() => {
          isBeating = false;
        });
    }
    const silenceMs = stream.silenceMs(performance.now());
    if (silenceMs > SILENCE_MAX_MS) onSilent(silenceMs);
  }
}
