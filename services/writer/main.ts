import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { writerMetrics } from './metrics.ts';
import { runSession } from './session.ts';

/** What readiness waits for. */
export const NEEDED = ['database', 'group'] as const;

/** enriched topics -> side tables. Offsets move only behind the database's commit, so a break only repeats. */
export async function run(settings: ServiceSettings, signal: AbortSignal): Promise<void> {
  const metrics = writerMetrics(settings.telemetry.registry);
  await runSessions(settings, 'group', () => runSession(settings, metrics, signal), signal);
}
