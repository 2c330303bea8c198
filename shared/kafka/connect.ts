import { Kafka, logLevel } from 'kafkajs';
import { AfterglowError } from '../errors/catalogue.ts';
import type { Logger } from '../telemetry/logger.ts';
import { forgetHalfAnswers } from './client-cluster.ts';

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
}

const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The client's own retries stay short: what to do when Kafka is gone is our decision, in one place per service. */
export function createKafka(settings: KafkaSettings): Kafka {
  const kafka = new Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, logger: _logger, ...rest } = entry.log;
      // The client repeats at error level what it then throws or mends itself: for us nothing is lost yet.
      settings.logger.debug({ kafka: entry.namespace, ...rest }, message);
    },
  });
  forgetHalfAnswers(kafka);
  return kafka;
}

export function kafkaUnreachable(brokers: readonly string[], cause: unknown): AfterglowError {
  const reason = cause instanceof Error ? cause.name : 'unknown';
  return new AfterglowError(
    'kafka_unreachable',
    `Kafka at ${brokers.join(',')} does not answer (${reason}).`,
    { cause },
  );
}
