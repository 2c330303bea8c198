/** Kafka's own name of a refusal, which the client wraps once its own attempts are used up. */
export function kafkaErrorType(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return kafkaErrorType(error.cause);
}

export const isUnknownTopic = (error: unknown): boolean =>
  kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';
