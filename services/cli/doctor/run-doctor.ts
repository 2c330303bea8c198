// Collects what can be collected and lets each area decide. A part that is down is one finding, and hides no other.
import { type AwsSettings, awsSettings } from '../../../shared/aws/settings.ts';
import { checkDefinition } from '../../../shared/config/check.ts';
import type { Definition } from '../../../shared/config/definition.ts';
import { type Loaded, loadDefinition } from '../../../shared/config/parse.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { type Catalog, readCatalog } from '../../../shared/postgres/catalog.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { oldPricesText } from '../../../shared/spend/prices.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import type { Invocation } from '../invocation.ts';
import {
  awsEnvironmentOf,
  checkDatabaseUrl,
  foldersOf,
  ownDatabaseUrl,
  parseBrokers,
  runningStack,
  settingOf,
  valkeyOf,
} from '../settings.ts';
import { readStackServices } from '../stack-services.ts';
import { checkAws, readAwsFacts } from './aws.ts';
import { checkClocks, readAwsAheadMs, readDatabaseAheadMs } from './clocks.ts';
import { type Area, exitStatus, type Finding, findings } from './finding.ts';
import { checkFollowUps, readFollowUps } from './follow-ups.ts';
import { checkFunctions, readFunctionFacts } from './functions.ts';
import { checkKafka, readKafkaFacts } from './kafka.ts';
import { checkLastAudits, readLastAudits } from './last-audits.ts';
import { checkMachine, readMachineFacts } from './machine.ts';
import { checkPrivileges, readPrivilegeFacts } from './privileges.ts';
import { checkPublication, readPublicationFacts } from './publication.ts';
import { reportJson, reportLines } from './report.ts';
import { checkServer, readServerFacts } from './server.ts';
import { checkServices } from './services.ts';
import { checkExtension, checkInit, checkRegistration, needsVectors, readExtensionFacts } from './set-up.ts';
import { checkSlot, readSlotFacts } from './slot.ts';
import { checkTables } from './tables.ts';
import { checkValkey, readValkeyFacts } from './valkey.ts';

export async function runDoctor(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const found = await examine(invocation);
  if (output.isJson) output.json(reportJson(found));
  else for (const line of reportLines(found, output.paint)) output.line(line);
  return exitStatus(found);
}

async function examine(invocation: Invocation): Promise<readonly Finding[]> {
  const { environment } = invocation;
  const stack = runningStack(invocation);
  const databaseUrl = settingOf(environment, 'DATABASE_URL') ?? stack?.environment.DATABASE_URL;
  const brokers = settingOf(environment, 'KAFKA_BROKERS') ?? stack?.environment.KAFKA_BROKERS;
  const loaded = await loadDefinition(invocation.definitionFile, environment).catch(asError);
  const definition = loaded instanceof AfterglowError ? undefined : loaded.definition;
  const database = await connected(databaseUrl, (url) =>
    connectDatabase({
      url: ownDatabaseUrl(environment) ?? checkDatabaseUrl(url),
      applicationName: 'afterglow doctor',
    }),
  );
  const kafka = await connected(brokers, (text) =>
    connectKafkaAdmin({
      brokers: parseBrokers(text),
      clientId: 'afterglow.doctor',
      logger: createLogger('doctor', 'silent'),
    }),
  );
  try {
    const catalog = await catalogOf(database);
    return [
      ...checkDefinitionFile(loaded, catalog),
      ...(await examineDatabase(database, definition, catalog)),
      ...(await examineKafka(kafka, brokers, definition)),
      ...(await examineSetUp(database, kafka, definition)),
      ...(stack === undefined ? [] : checkServices(await readStackServices(stack, definition))),
      ...(await examineAws(invocation, stack?.environment.AFTERGLOW_AWS_LOCAL_URL, database, definition)),
      ...(await examineValkey(invocation)),
      ...(stack === undefined
        ? await examineMachine(invocation, {
            postgres: databaseUrl === undefined,
            kafka: brokers === undefined,
          })
        : []),
    ];
  } finally {
    if ('part' in database) await database.part.end();
    if ('part' in kafka) await kafka.part.close();
  }
}

/** named: nobody said where it is, and nothing runs here. */
type Connected<Part> =
  | { readonly part: Part }
  | { readonly error: AfterglowError }
  | { readonly isUnnamed: true };

async function connected<Part>(
  address: string | undefined,
  connect: (address: string) => Promise<Part>,
): Promise<Connected<Part>> {
  if (address === undefined) return { isUnnamed: true };
  try {
    return { part: await connect(address) };
  } catch (error) {
    return { error: asError(error) };
  }
}

/** What nobody named is a defect, and ends the command. */
function asError(error: unknown): AfterglowError {
  if (error instanceof AfterglowError) return error;
  throw error;
}

/** Undefined with its finding when the part cannot be asked. */
function notAsked(area: Area, connection: Connected<unknown>, setting: string): Finding {
  const { skipped, unreachable } = findings(area);
  if ('error' in connection) return unreachable(connection.error.message, connection.error.remedy);
  return skipped(`not looked at: nothing is running here, and ${setting} is not set (npm start)`);
}

async function catalogOf(database: Connected<DatabaseClient>): Promise<Catalog | undefined> {
  return 'part' in database ? await readCatalog(database.part) : undefined;
}

function checkDefinitionFile(
  loaded: Loaded | AfterglowError,
  catalog: Catalog | undefined,
): readonly Finding[] {
  const { ok, failed, warning } = findings('definition');
  if (loaded instanceof AfterglowError) return [failed(loaded.message, loaded.remedy)];
  const mistakes = catalog === undefined ? loaded.mistakes : checkDefinition(loaded, catalog);
  const errors = mistakes.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const old =
    loaded.definition === undefined ? undefined : oldPricesText(loaded.definition.prices, Date.now());
  const prices = old === undefined ? [] : [warning(old, 'see docs/cost.md')];
  if (first === undefined) return [ok(`${loaded.source.file} has no mistakes`), ...prices];
  const message = `${loaded.source.file} has ${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}; the first, in line ${first.line}: ${first.message}.`;
  return [failed(message, 'npx afterglow config check')];
}

async function examineDatabase(
  database: Connected<DatabaseClient>,
  definition: Definition | undefined,
  catalog: Catalog | undefined,
): Promise<readonly Finding[]> {
  if (!('part' in database)) return [notAsked('postgres', database, 'DATABASE_URL')];
  const client = database.part;
  const slot = definition === undefined ? undefined : await readSlotFacts(client, definition.pipeline);
  const found = [
    ...checkServer(await readServerFacts(client), slot?.slot !== undefined),
    ...checkExtension(await readExtensionFacts(client), definition !== undefined && needsVectors(definition)),
  ];
  if (definition === undefined || catalog === undefined || slot === undefined) return found;
  const { pipeline } = definition;
  return [
    ...found,
    ...checkTables(definition, catalog),
    ...checkPublication(definition, catalog, await readPublicationFacts(client, pipeline)),
    ...checkSlot(pipeline, slot),
    ...checkFollowUps(await readFollowUps(client)),
    ...checkLastAudits(definition, await readLastAudits(client, definition)),
    ...checkPrivileges(pipeline, await readPrivilegeFacts(client, pipeline)),
  ];
}

async function examineKafka(
  kafka: Connected<KafkaAdmin>,
  brokers: string | undefined,
  definition: Definition | undefined,
): Promise<readonly Finding[]> {
  if (!('part' in kafka)) return [notAsked('kafka', kafka, 'KAFKA_BROKERS')];
  if (definition === undefined) return [findings('kafka').ok(`${brokers} answers`)];
  return checkKafka(definition, await readKafkaFacts(kafka.part, parseBrokers(brokers ?? ''), definition));
}

async function examineSetUp(
  database: Connected<DatabaseClient>,
  kafka: Connected<KafkaAdmin>,
  definition: Definition | undefined,
): Promise<readonly Finding[]> {
  if (definition === undefined || !('part' in database)) return [];
  const registered = await checkRegistration(database.part, definition);
  // What init would do is only known when it could ask both.
  return 'part' in kafka
    ? [...registered, ...(await checkInit(database.part, kafka.part, definition))]
    : registered;
}

async function examineAws(
  { environment }: Invocation,
  localUrl: string | undefined,
  database: Connected<DatabaseClient>,
  definition: Definition | undefined,
): Promise<readonly Finding[]> {
  const databaseAheadMs = 'part' in database ? await readDatabaseAheadMs(database.part) : undefined;
  let settings: AwsSettings;
  try {
    settings = awsSettings(awsEnvironmentOf(environment, localUrl));
  } catch (error) {
    const { code, message, remedy } = asError(error);
    const { failed, skipped } = findings('aws');
    const finding =
      code === 'model_service_unreachable'
        ? skipped('not looked at: the stand-in starts with npm start; AFTERGLOW_AWS=real means Amazon')
        : failed(message, remedy);
    return [finding, ...checkClocks({ databaseAheadMs, awsAheadMs: undefined })];
  }
  const facts = await readAwsFacts(settings);
  const awsAheadMs =
    facts.isEndpointReachable === true ? await readAwsAheadMs(facts.endpoint ?? '') : undefined;
  // One that does not answer has been told of already.
  const functions =
    definition === undefined || facts.isEndpointReachable === false
      ? []
      : await readFunctionFacts(definition, settings);
  return [
    ...checkAws(facts),
    ...checkFunctions(functions, settings.mode),
    ...checkClocks({ databaseAheadMs, awsAheadMs }),
  ];
}

/** Nothing where none is named: none is needed. */
async function examineValkey({ environment }: Invocation): Promise<readonly Finding[]> {
  try {
    const address = valkeyOf(environment);
    return address === undefined ? [] : checkValkey(await readValkeyFacts(address));
  } catch (error) {
    const { message, remedy } = asError(error);
    return [findings('valkey').failed(message, remedy)];
  }
}

async function examineMachine(
  invocation: Invocation,
  isNeeded: { readonly postgres: boolean; readonly kafka: boolean },
): Promise<readonly Finding[]> {
  if (!isNeeded.postgres && !isNeeded.kafka) return [];
  return checkMachine(await readMachineFacts(foldersOf(invocation)), isNeeded);
}
