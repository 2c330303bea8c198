import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { writerMetrics } from './metrics.ts';
import { runSession, type WriterSettings } from './session.ts';

/** What readiness waits for. */
export const NEEDED = ['database', 'group'] as const;

/** enriched topics -> side tables. Offsets move only behind the database's commit, so a break only repeats. */
export async function run(settings: WriterSettings, signal: AbortSignal): Promise<void> {
  const metrics = writerMetrics(settings.telemetry.registry);
  await runSessions(settings, 'group', () => runSession(settings, metrics, signal), signal);
}
