// The topics of a definition as an AsyncAPI 3 document: for teams that read them, and for the tools they have.
import { stringify } from 'yaml';
import { type Definition, type Enrichment, modelKind, outputsOf } from '../../../shared/config/definition.ts';
import {
  type JsonSchema,
  PUBLISHED_NAMES,
  type PublishedName,
  publishedSchema,
} from '../../../shared/contracts/published/json-schemas.ts';
import { type InitTopic, initTopics, type TopicKind } from '../init/topics.ts';
import { packageVersion } from '../version.ts';

type Json = Readonly<Record<string, unknown>>;
const BINDING_VERSION = '0.5.0';

const DESCRIPTION = [
  'Results of the enrichments of one pipeline. Records of a key are in the order of its changes; what was published may',
  'be published again, so a consumer drops what is not newer than what it has: compare source.epoch, source.commit_lsn,',
  'source.event_index, revision, then scored over not scored. Readers ignore fields they do not know. See docs/topics.md.',
].join(' ');

export function asyncApiDocument(definition: Definition): Json {
  const topics = initTopics(definition).filter(({ kind }) => kind in PAYLOADS);
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Topics of the pipeline ${definition.pipeline}`,
      version: packageVersion(),
      description: DESCRIPTION,
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [idOf(topic), channel(topic)])),
    operations: Object.fromEntries(topics.map((topic) => [`send.${idOf(topic)}`, operation(topic)])),
    components: {
      messages: Object.fromEntries(
        topics.flatMap((topic) => [
          [idOf(topic), message(topic, topicPayload(topic))],
          ...(topic.kind === 'dead' ? [] : [[`${idOf(topic)}.tombstone`, tombstone()]]),
        ]),
      ),
      schemas: { ...eventSchemas(), ...resultSchemas(definition) },
    },
  };
}

export function asyncApiYaml(document: Json): string {
  return stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}

const PAYLOADS: Readonly<
  Partial<Record<TopicKind, { readonly event: PublishedName; readonly what: string }>>
> = {
  cdc: { event: 'change-event', what: 'Committed changes of source' },
  enriched: { event: 'enriched-event', what: 'Outcomes of enrichment' },
  dead: { event: 'dead-letter', what: 'Archive of what failed in' },
};

const idOf = ({ kind, of }: InitTopic): string => `${kind}.${of ?? 'capture'}`;
const reference = (...path: readonly string[]): Json => ({ $ref: `#/${path.join('/')}` });

function channel(topic: InitTopic): Json {
  const id = idOf(topic);
  const messages = topic.kind === 'dead' ? [id] : [id, `${id}.tombstone`];
  return {
    address: topic.topic,
    description: `${PAYLOADS[topic.kind]?.what} ${topic.of ?? 'capture'}.`,
    messages: Object.fromEntries(messages.map((name) => [name, reference('components', 'messages', name)])),
    bindings: {
      kafka: {
        partitions: topic.partitions,
        topicConfiguration: topicConfiguration(topic.settings),
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

function topicConfiguration(settings: InitTopic['settings']): Json {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (name === 'cleanup.policy') return [name, value.split(',')];
      return [name, /^-?\d+$/.test(value) ? Number(value) : value];
    }),
  );
}

function operation(topic: InitTopic): Json {
  return { action: 'send', channel: reference('channels', idOf(topic)) };
}

function message(topic: InitTopic, payload: Json): Json {
  return {
    name: idOf(topic),
    contentType: 'application/json',
    ...(topic.kind === 'cdc' ? {} : { headers: reference('components', 'schemas', 'cloud-event-headers') }),
    payload,
    bindings: { kafka: { key: rowKey(), bindingVersion: BINDING_VERSION } },
  };
}

function tombstone(): Json {
  return {
    name: 'tombstone',
    summary:
      'The key was deleted; follows the event that says so, and outlives it where the topic is compacted.',
    payload: { type: 'null' },
    bindings: { kafka: { key: rowKey(), bindingVersion: BINDING_VERSION } },
  };
}

const rowKey = (): Json => ({
  type: 'string',
  description: 'The identity columns as JSON, in the order of the index: {"id":"4711"}. Of a truncate: {}.',
});

function topicPayload({ kind, of }: InitTopic): Json {
  const event = reference('components', 'schemas', PAYLOADS[kind]?.event ?? '');
  if (kind !== 'enriched' || of === null) return event;
  const result = reference('components', 'schemas', `result.${of}`);
  return { allOf: [event, { type: 'object', properties: { enrichment: { const: of }, result } }] };
}

/** Each stands on its own in a file; in one document their definitions need one place. */
function eventSchemas(): Json {
  const schemas: [string, unknown][] = [];
  for (const name of PUBLISHED_NAMES) {
    const { $schema: _dialect, definitions = {}, ...schema } = publishedSchema(name, 'readers');
    schemas.push([name, schema], ...Object.entries(definitions as JsonSchema));
  }
  const text = JSON.stringify(Object.fromEntries(schemas));
  return JSON.parse(text.replaceAll('"#/definitions/', '"#/components/schemas/')) as Json;
}

function resultSchemas({ enrichments }: Definition): Json {
  return Object.fromEntries(
    Object.entries(enrichments).map(([name, enrichment]) => [`result.${name}`, resultSchema(enrichment)]),
  );
}

const JSON_TYPES = { float: 'number', text: 'string', bool: 'boolean' } as const;

/** Of a scored outcome. */
export function resultSchema(enrichment: Pick<Enrichment, 'model' | 'output'>): Json {
  if (modelKind(enrichment.model.kind).outputs === 'vectors') {
    return reference('components', 'schemas', 'embedding');
  }
  const outputs = Object.entries(outputsOf(enrichment));
  return {
    type: 'object',
    properties: Object.fromEntries(outputs.map(([name, type]) => [name, { type: JSON_TYPES[type] }])),
    required: outputs.map(([name]) => name),
  };
}
