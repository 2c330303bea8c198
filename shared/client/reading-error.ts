import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import { kafkaUnreachable } from '../kafka/connect.ts';
import { isUnknownTopic } from '../kafka/error-type.ts';

/** What other teams catch: errors of the client's own interface, and of nothing behind it. */
export function readingError(error: unknown, topic: string, brokers: readonly string[]): unknown {
  if (isUnknownTopic(error)) {
    return new AfterglowError('topic_missing', `Topic ${topic} does not exist.`, { cause: error });
  }
  return error instanceof Fault ? kafkaUnreachable(brokers, error) : error;
}
