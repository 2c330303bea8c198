import type { LocalFolders } from '../../../deploy/local/folders.ts';
import type { StackClaim } from '../../../deploy/local/running-stack.ts';
import type { Definition } from '../../../shared/config/definition.ts';
import type { Invocation } from '../invocation.ts';
import type { Interruption } from './interruption.ts';
import type { UpPlan } from './plan.ts';
import type { ServiceGroup } from './service-group.ts';
import type { CommonSettings } from './service-plans.ts';

export interface UpOptions {
  readonly postgresVersion: 16 | 18;
  readonly isFresh: boolean;
  readonly hasTraffic: boolean;
  readonly rowsPerSecond: number | undefined;
  readonly forMs: number | undefined;
  readonly demoIntoThisDatabase: boolean;
}

/** One run of `up`, as its steps need it. */
export interface UpRun {
  readonly invocation: Invocation;
  readonly options: UpOptions;
  readonly definition: Definition;
  readonly definitionText: string;
  readonly folders: LocalFolders;
  readonly plan: UpPlan;
  readonly claim: StackClaim;
  readonly services: ServiceGroup;
  readonly signal: AbortSignal;
  readonly interruption: Interruption;
  /** Whatever was started, stopped backwards. */
  readonly ending: AsyncDisposableStack;
  /** What a second Ctrl-C does. */
  readonly killAtOnce: (() => void)[];
  /** A line that stays. */
  say(text: string): void;
}

export function commonSettings({ invocation, definitionText, folders }: UpRun): CommonSettings {
  const { definitionFile, projectFolder, environment } = invocation;
  const logLevel = invocation.logLevel ?? 'info';
  return {
    definitionFile,
    projectFolder,
    definitionText,
    logFolder: folders.logs,
    logLevel,
    shell: environment,
  };
}
