import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Definition } from '../../../shared/config/definition.ts';
import type { LogLevel } from '../../../shared/telemetry/logger.ts';
import type { Environment } from '../invocation.ts';
import { NODE_ARGUMENTS } from '../node24.js';
import { VALKEY_VARIABLES } from '../settings-table.ts';
import { childEnvironment } from './child-environment.ts';
import type { ServiceLogins } from './parts.ts';
import type { ServicePlan } from './service-child.ts';

/** The same Node and the same program as this process, source or compiled. */
export function ownProgram(): readonly string[] {
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
  return [process.execPath, ...NODE_ARGUMENTS, main];
}

export interface ServicePlanSettings {
  readonly definition: Definition;
  readonly definitionFile: string;
  readonly definitionText: string;
  readonly projectFolder: string;
  readonly logFolder: string;
  readonly logLevel: LogLevel;
  readonly shell: Environment;
  /** Each service logs in as itself, with its least rights, where such logins are there. */
  readonly databaseUrls: ServiceLogins;
  readonly brokers: readonly string[];
  readonly awsEnvironment: Environment;
}

/**
 * Of services whose rows somebody waits for. Threads that help to collect garbage save a heap this small less than the wait for the last of
 * them costs on processors that all parts share. One thread alone marks too slowly for those that allocate the most: with vectors it took
 * 366 MB at full load instead of 228.
 */
const PROMPT: readonly string[] = ['--single-threaded-gc'];

const enricherName = (enrichment: string): string => `enricher ${enrichment}`;

/** What has to run for this definition, in the order a row takes. */
export function serviceNames({ enrichments }: Definition): readonly string[] {
  return ['reader', ...Object.keys(enrichments).map(enricherName), 'writer'];
}

/** Pure: the services of the pipeline, each in a process of its own, in the order a row takes. */
export function servicePlans(settings: ServicePlanSettings): readonly ServicePlan[] {
  const enrichments = Object.entries(settings.definition.enrichments);
  return [
    {
      ...pipelineService(settings, 'reader', ['reader'], settings.databaseUrls.reader),
      nodeArguments: PROMPT,
    },
    ...enrichments.map(([name, { model }]) => ({
      ...pipelineService(
        settings,
        enricherName(name),
        ['enricher', name],
        settings.databaseUrls.enricher,
        Object.fromEntries(VALKEY_VARIABLES.map((variable) => [variable, settings.shell[variable]])),
      ),
      ...(model.kind === 'sagemaker' ? { nodeArguments: PROMPT } : {}),
    })),
    {
      ...pipelineService(settings, 'writer', ['writer'], settings.databaseUrls.writer),
      nodeArguments: PROMPT,
    },
  ];
}

function pipelineService(
  settings: ServicePlanSettings,
  name: string,
  command: readonly string[],
  databaseUrl: string,
  own: Environment = {},
): ServicePlan {
  return {
    ...common(settings, name, command),
    isObserved: true,
    environment: childEnvironment(settings.shell, settings.definitionText, {
      ...own,
      ...settings.awsEnvironment,
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: settings.brokers.join(','),
      AFTERGLOW_HTTP_PORT: '0', // any free one: it tells which
    }),
  };
}

/** What every child needs. */
export type CommonSettings = Pick<
  ServicePlanSettings,
  'definitionFile' | 'projectFolder' | 'logFolder' | 'logLevel' | 'shell' | 'definitionText'
>;

export function awsLocalPlan(settings: CommonSettings, port: number): ServicePlan {
  return {
    ...common(settings, 'aws-local', ['aws-local', '--port', String(port)]),
    port,
    isObserved: true,
    environment: childEnvironment(settings.shell, '', {}),
  };
}

export function demoPlan(
  settings: CommonSettings,
  databaseUrl: string,
  rowsPerSecond: number | undefined,
): ServicePlan {
  const rate = rowsPerSecond === undefined ? [] : ['--rate', String(rowsPerSecond)];
  return {
    ...common(settings, 'demo', ['demo', ...rate]),
    isObserved: false,
    environment: childEnvironment(settings.shell, '', { DATABASE_URL: databaseUrl }),
  };
}

function common(settings: CommonSettings, name: string, command: readonly string[]) {
  const globals = ['--config', settings.definitionFile, '--json', '--log-level', settings.logLevel];
  return {
    name,
    programArguments: [...command, ...globals],
    folder: settings.projectFolder,
    log: join(settings.logFolder, `${name.replaceAll(' ', '-')}.log`),
  };
}
