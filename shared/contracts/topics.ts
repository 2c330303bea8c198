import { Fault } from '../errors/policy.ts';
import { shadowedBy } from './shadow.ts';

/** Of the cdc topics. Kafka's own default, named because records are cut to it and dead letters are sized after it. */
export const CDC_MESSAGE_BYTES_MAX = 1_048_588;
/** Of the enriched topics. The largest outcome, 64 vectors of 1536 numbers, takes half of it. */
export const ENRICHED_MESSAGE_BYTES_MAX = 1_048_588;
/**
 * Of a row key as JSON. A record of ours may carry it as key, in its value and, percent-encoded, in a header: fifteen bytes for a
 * character at most, half of what the topics take.
 */
export const ROW_KEY_CHARACTERS_MAX = 32_768;

const TOPIC_NAME_LENGTH_MAX = 249;
const OUTSIDE_TOPIC_ALPHABET = /[^A-Za-z0-9_]/u;

/** Every byte outside [A-Za-z0-9_] becomes -XX, so that no two tables meet in one topic. */
function escaped(name: string): string {
  if (!OUTSIDE_TOPIC_ALPHABET.test(name)) return name;
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9_]/.test(character)
      ? character
      : `-${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function checked(topic: string): string {
  if (topic.length <= TOPIC_NAME_LENGTH_MAX) return topic;
  throw new Fault(
    'set_up',
    'topic_name_too_long',
    `the topic name of a table would have ${topic.length} characters, Kafka allows ${TOPIC_NAME_LENGTH_MAX}: shorten the pipeline's name`,
  );
}

export const cdcTopic = (pipeline: string, schema: string, table: string): string =>
  checked(`${pipeline}.cdc.${escaped(schema)}.${escaped(table)}`);
/** Of a shadow `<pipeline>.shadow.<enrichment>`: whoever follows what counts never meets its outcomes. */
export const enrichedTopic = (pipeline: string, enrichment: string): string => {
  const shadowed = shadowedBy(enrichment);
  return checked(
    shadowed === undefined ? `${pipeline}.enriched.${enrichment}` : `${pipeline}.shadow.${shadowed}`,
  );
};
export const deadTopic = (pipeline: string, enrichment: string): string =>
  checked(`${pipeline}.dead.${enrichment}`);
export const deadCaptureTopic = (pipeline: string): string => `${pipeline}.dead.capture`;
export const progressTopic = (pipeline: string): string => `${pipeline}.progress`;
export const noticesTopic = (pipeline: string): string => `${pipeline}.notices`;
export const positionsTopic = (pipeline: string): string => `${pipeline}.positions`;

export const enricherGroup = (pipeline: string, enrichment: string): string =>
  `${pipeline}.enricher.${enrichment}`;
export const writerGroup = (pipeline: string): string => `${pipeline}.writer`;
