import type { Definition } from '../config/definition.ts';
import type { Telemetry } from '../telemetry/http.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What every service of the pipeline gets from the command line that starts it. */
export interface ServiceSettings {
  /** The effective definition: defaults filled in, environment substituted. */
  readonly definition: Definition;
  /** Holds a password: never logged. */
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}
