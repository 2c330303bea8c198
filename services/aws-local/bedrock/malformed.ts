import { AwsError } from '../errors.ts';
import { isObject } from '../request-body.ts';

/** A body that is not what the model's schema has. */
export function malformed(what: string): AwsError {
  return new AwsError(
    'ValidationException',
    400,
    `Malformed input request: ${what}, please reformat your input and try again.`,
  );
}

export function tooManyTokens(tokensMax: number, tokens: number): AwsError {
  return new AwsError(
    'ValidationException',
    400,
    `400 Bad Request: Too many input tokens. Max input tokens: ${tokensMax}, request input token count: ${tokens}`,
  );
}

/** As the service's own parser calls them. */
export function typeName(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'JSONArray';
  if (isObject(value)) return 'JSONObject';
  return { string: 'String', number: 'Number', boolean: 'Boolean' }[String(typeof value)] ?? 'Null';
}
