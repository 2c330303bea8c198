import type { Definition } from '../../shared/config/definition.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { runInForce } from '../../shared/side-tables/in-force.ts';
import { WentBack } from '../../shared/side-tables/written-outcomes.ts';
import { CutOver } from './homes.ts';
import { writerMetrics } from './metrics.ts';
import { RefusalsInARow } from './refusals-in-a-row.ts';
import { runSession, type WriterSettings } from './session.ts';

/** What readiness waits for. */
export const NEEDED = ['database', 'group'] as const;

/** enriched topics -> side tables. Offsets move only behind the database's commit, so a break only repeats. */
export async function run(settings: WriterSettings, signal: AbortSignal): Promise<void> {
  const metrics = writerMetrics(settings.telemetry.registry);
  const refusals = new RefusalsInARow();
  const session = async (definition: Definition): Promise<void> => {
    try {
      await runSession({ ...settings, definition }, metrics, refusals, signal);
    } catch (error) {
      if (error instanceof WentBack) {
        throw new Fault(
          'unavailable',
          'database_went_back',
          'the database has lost outcomes: they come again',
        );
      }
      // What was not written comes again, to where it belongs by now.
      if (!(error instanceof CutOver)) throw error;
    }
  };
  await runSessions(settings, 'group', () => runInForce(settings, undefined, session, signal), signal);
}
