import type { Definition } from '../../shared/config/definition.ts';
import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { runInForce } from '../../shared/side-tables/in-force.ts';
import { enricherMetrics } from './metrics.ts';
import { type EnricherSettings, runSession } from './session.ts';

export type { EnricherSettings } from './session.ts';

/** What readiness waits for. */
export const NEEDED = ['group', 'model'] as const;

/** cdc topic -> model -> enriched topic, for one enrichment. Ends when told to, or when its definition was replaced. */
export async function run(settings: EnricherSettings, signal: AbortSignal): Promise<void> {
  const metrics = enricherMetrics(settings.telemetry.registry, settings.enrichment);
  settings.telemetry.readiness.ready('model');
  const session = (definition: Definition): Promise<void> =>
    runSession({ ...settings, definition }, metrics, signal);
  const { enrichment } = settings;
  await runSessions(settings, 'group', () => runInForce(settings, enrichment, session, signal), signal);
}
