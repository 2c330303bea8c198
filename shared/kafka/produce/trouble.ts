import { Fault } from '../../errors/policy.ts';
import { kafkaErrorType } from '../error-type.ts';

/** Why a send failed, by Kafka's name for it or the client's. */
export interface Trouble {
  readonly type: string;
  readonly passes: boolean;
  readonly cause?: unknown;
}

/** What the client throws: a broker's answer by its name, or a connection that is gone. */
export function troubleOf(error: unknown): Trouble {
  const type = kafkaErrorType(error);
  const code = type ?? (error instanceof Error ? error.name : 'unknown');
  // Anything that is not the client's is a defect, and repeating a defect only hides it.
  const isOfClient = type !== undefined || code.startsWith('KafkaJS');
  return { type: code, passes: isOfClient && !SET_UP_TYPES.has(code), cause: error };
}

/** What no repetition mends, by Kafka's own names: rights, topics, sizes and clocks that somebody has to put right. */
const SET_UP_TYPES = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
  'POLICY_VIOLATION',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
]);

export function sendFault({ type, cause }: Trouble): Fault {
  const options = cause === undefined ? {} : { cause };
  return SET_UP_TYPES.has(type)
    ? new Fault('set_up', type, `Kafka refuses a send (${type}): no repetition mends that`, options)
    : new Fault('unavailable', type, 'Kafka did not confirm a send', options);
}
