import { expect, test } from 'vitest';
import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import { readingError } from './reading-error.ts';

const told = (error: unknown): unknown => readingError(error, 'shop.enriched.fraud', ['kafka:9092']);

test('whoever reads catches errors that the client exports, whatever went wrong behind it', () => {
  const ended = new Fault('unavailable', 'not_joined', 'the Kafka consumer ended');
  expect(told(ended)).toBeInstanceOf(AfterglowError);
  expect(told(ended)).toMatchObject({ code: 'kafka_unreachable', cause: ended });
  const unknown = Object.assign(new Error('refused'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
  expect(told(unknown)).toMatchObject({
    code: 'topic_missing',
    message: 'Topic shop.enriched.fraud does not exist.',
  });
});

test('an error of the caller stays what it is', () => {
  const own = new Error('of the loop');
  expect(told(own)).toBe(own);
});
