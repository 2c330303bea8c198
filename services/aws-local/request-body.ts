import { AwsError } from './errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body of a JSON protocol; undefined when it is not one JSON object. */
export function parseJsonObject(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the services of the JSON 1.1 protocol say of a body they cannot read. */
export function serializationError(): AwsError {
  return new AwsError(
    'SerializationException',
    400,
    'The request body is not a JSON object of this operation.',
  );
}

/** The sentence in which AWS reports a member that breaks the service's model. */
export function constraintError(value: string, member: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationException',
    400,
    `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
