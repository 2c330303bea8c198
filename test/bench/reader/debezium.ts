import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findJava } from '../../../deploy/local/java.ts';
import { formatProperties } from '../../../deploy/local/kafka-properties.ts';
import { choosePort, LOOPBACK } from '../../../deploy/local/ports.ts';
import { publicationName } from '../../../shared/side-tables/names.ts';
import type { Capture } from './capture.ts';
import { debeziumClassPath } from './debezium-jars.ts';
import { startMeasured } from './measured-process.ts';
import { DOWNLOADS, type Parts } from './parts.ts';
import { readDefinition, type Workload } from './workload.ts';

const SLOT = 'bench_debezium';
const PREFIX = 'debezium';
const LOGGING = new URL('../../../deploy/local/log4j2.xml', import.meta.url).href;

/** What connect-standalone.sh itself starts Java with. */
const JVM_OPTIONS = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
];

/** What is turned up from the defaults, in favour of its speed. */
export const DEBEZIUM_SETTINGS = {
  'max.batch.size': 4_096,
  'max.queue.size': 16_384,
  'poll.interval.ms': 10,
} as const;
export const CONNECT_SETTINGS = { 'producer.linger.ms': 5, 'producer.batch.size': 262_144 } as const;

export function debezium(): Capture {
  return {
    name: 'debezium',
    slot: SLOT,
    topic: `${PREFIX}.public.payments`,
    start: async (parts, workload) => {
      const folder = parts.folder;
      const files = [join(folder, 'worker.properties'), join(folder, 'connector.properties')] as const;
      await writeFile(files[0], formatProperties(await workerProperties(parts)));
      await writeFile(files[1], formatProperties(await connectorProperties(workload)));
      return await startMeasured({
        folder,
        name: 'debezium',
        program: await findJava(folder),
        programArguments: [
          ...JVM_OPTIONS,
          `-Dlog4j2.configurationFile=${LOGGING}`,
          '-cp',
          await debeziumClassPath(DOWNLOADS),
          'org.apache.kafka.connect.cli.ConnectStandalone',
          ...files,
        ],
      });
    },
  };
}

type Properties = Readonly<Record<string, string | number | boolean>>;

async function workerProperties({ folder, brokers }: Parts): Promise<Properties> {
  const json = 'org.apache.kafka.connect.json.JsonConverter';
  return {
    'bootstrap.servers': brokers,
    listeners: `http://${LOOPBACK}:${(await choosePort([])).port}`,
    'key.converter': json,
    'key.converter.schemas.enable': false,
    'value.converter': json,
    'value.converter.schemas.enable': false,
    // A fresh file for every run: an offset of the former one would stand behind the rows.
    'offset.storage.file.filename': join(folder, `offsets-${randomUUID()}`),
    ...CONNECT_SETTINGS,
  };
}

async function connectorProperties({ databaseUrl }: Workload): Promise<Properties> {
  const { pipeline } = await readDefinition();
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return {
    name: 'bench',
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': 1,
    'database.hostname': hostname,
    'database.port': port,
    'database.user': username,
    'database.password': password,
    'database.dbname': pathname.slice(1),
    'topic.prefix': PREFIX,
    'table.include.list': 'public.payments',
    'plugin.name': 'pgoutput',
    'slot.name': SLOT,
    'publication.name': publicationName(pipeline),
    'publication.autocreate.mode': 'disabled',
    'snapshot.mode': 'no_data',
    ...DEBEZIUM_SETTINGS,
  };
}
