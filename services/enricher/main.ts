import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { enricherMetrics } from './metrics.ts';
import { type EnricherSettings, runSession } from './session.ts';

export type { EnricherSettings } from './session.ts';

/** What readiness waits for. */
export const NEEDED = ['group', 'model'] as const;

/** cdc topic -> model -> enriched topic, for one enrichment. Ends when told to, or when its definition was replaced. */
export async function run(settings: EnricherSettings, signal: AbortSignal): Promise<void> {
  const metrics = enricherMetrics(settings.telemetry.registry, settings.enrichment);
  settings.telemetry.readiness.ready('model');
  await runSessions(settings, 'group', () => runSession(settings, metrics, signal), signal);
}
