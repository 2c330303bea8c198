import type { Definition } from '../../../shared/config/definition.ts';
import { CDC_MESSAGE_BYTES_MAX, cdcTopic } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { findTable, readCatalog } from '../../../shared/postgres/catalog.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import type { CaptureContext } from '../change-events.ts';
import type { CapturedTable } from '../table-shape.ts';
import type { ServerState } from './facts.ts';

export async function readCaptureContext(
  client: DatabaseClient,
  { server, epoch }: { readonly server: ServerState; readonly epoch: number },
  definition: Definition,
  partitionsOf: (topic: string) => number,
): Promise<CaptureContext> {
  const catalog = await readCatalog(client);
  const tables = new Map<string, CapturedTable>();
  for (const { table, exclude } of Object.values(definition.sources)) {
    const name = `${table.schema}.${table.name}`;
    const found = findTable(catalog, table);
    if (found === undefined || found.key.length === 0) {
      throw new AfterglowError('table_without_key', `Table ${name} has no key that names a row.`);
    }
    const topic = cdcTopic(definition.pipeline, table.schema, table.name);
    tables.set(name, { topic, partitions: partitionsOf(topic), key: found.key, excluded: exclude });
  }
  return {
    pipeline: definition.pipeline,
    database: server.database,
    version: server.version,
    epoch,
    tables,
    nowMs: Date.now,
    recordBytesMax: CDC_MESSAGE_BYTES_MAX - BATCH_OVERHEAD_BYTES,
  };
}

/** What Kafka counts beside key and value: the framing of the record and of its batch. */
const BATCH_OVERHEAD_BYTES = 8_192;
