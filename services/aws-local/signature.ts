import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from './errors.ts';
import type { ServiceName } from './operation.ts';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[^/\s,]+\/(\d{8})\/[a-z0-9-]+\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;:-]+), ?Signature=[0-9a-f]{64}$/;

/** An API key of Bedrock, which its client prefers to a signature when the environment holds one. */
const BEARER = /^Bearer [\x21-\x7e]{16,}$/;

/**
 * A well-formed SigV4 header for this service, or the error AWS has for what is wrong with it. The signature itself
 * is recomputed only when asked for, and for one key: there are no other secrets here to check it with.
 */
export function checkSignature(headers: IncomingHttpHeaders, service: ServiceName): void {
  const { authorization } = headers;
  if (authorization === undefined || authorization === '') {
    throw new AwsError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token');
  }
  if (service === 'bedrock' && BEARER.test(authorization)) return;
  const [, day, scope, signed] = AUTHORIZATION.exec(authorization) ?? [];
  const date = headers['x-amz-date'];
  if (day === undefined || signed === undefined || typeof date !== 'string' || !/^\d{8}T\d{6}Z$/.test(date)) {
    throw new AwsError(
      'IncompleteSignatureException',
      400,
      'The request signature does not conform to AWS standards.',
    );
  }
  if (scope !== service) {
    throw new AwsError(
      'InvalidSignatureException',
      403,
      `Credential should be scoped to correct service: '${service}'.`,
    );
  }
  if (!date.startsWith(day) || !signed.split(';').some((name) => name === 'host' || name === ':authority')) {
    throw new AwsError(
      'InvalidSignatureException',
      403,
      'The request signature we calculated does not match the signature you provided.',
    );
  }
}
