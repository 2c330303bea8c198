// What other teams read of our events without reading our code: JSON Schemas, made from the schemas we write by.
import { z } from 'zod';
import { changeEvent, cloudEventHeaders, deadLetter, embedding, enrichedEvent } from '../events.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const EVENTS = {
  'enriched-event': {
    schema: enrichedEvent,
    title: 'One outcome of an enrichment',
    description:
      'Value of a record on <pipeline>.enriched.<enrichment>. A record without a value is a tombstone: its key was deleted.',
  },
  embedding: {
    schema: embedding,
    title: 'Vectors of a text',
    description: 'The `result` of kinds that make vectors: one per chunk of the text.',
  },
  'dead-letter': {
    schema: deadLetter,
    title: 'What failed, as it came',
    description: 'Value of a record on <pipeline>.dead.*. Holds row data: protect it like the table.',
  },
  'change-event': {
    schema: changeEvent,
    title: 'A committed change of a row',
    description:
      "Value of a record on <pipeline>.cdc.<schema>.<table>: Debezium's envelope. Numbers that JSON cannot hold exactly are texts.",
  },
  'cloud-event-headers': {
    schema: cloudEventHeaders,
    title: 'Headers of enriched.* and dead.*',
    description: 'CloudEvents 1.0, binary mode of its Kafka binding. Tombstones and cdc.* have none.',
  },
} as const;

export type PublishedName = keyof typeof EVENTS;
export const PUBLISHED_NAMES = Object.keys(EVENTS) as readonly PublishedName[];

/**
 * Draft 7, which AsyncAPI reads, too. For `readers` fields they do not know are right, because later versions may add some;
 * for `writers`, which are us, they are not.
 */
export function publishedSchema(name: PublishedName, audience: 'readers' | 'writers'): JsonSchema {
  const { schema, title, description } = EVENTS[name];
  const io = audience === 'readers' ? 'input' : 'output';
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io }) as JsonSchema;
  return { $schema, title, description, ...(withoutNoise(rest) as JsonSchema) };
}

/** `readOnly` says something of our types, and bounds of safe integers something of JavaScript; neither of the events. */
function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, each]) => !isNoise(name, each))
      .map(([name, each]) => [name, withoutNoise(each)]),
  );
}

function isNoise(name: string, value: unknown): boolean {
  if (name === 'propertyNames' || name === 'readOnly') return typeof value !== 'string';
  return (name === 'minimum' || name === 'maximum') && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}
