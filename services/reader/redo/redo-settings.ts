import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { CapturedTable } from '../table-shape.ts';
import type { RedoMetrics } from './metrics.ts';

export interface RedoSettings
  extends Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'brokers' | 'logger'> {
  /** By 'schema.table'. */
  readonly tables: ReadonlyMap<string, CapturedTable>;
  readonly metrics: RedoMetrics;
  readonly nowMs?: () => number;
  readonly newChunkId?: () => string;
}
