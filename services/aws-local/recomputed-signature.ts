import { createHash, createHmac } from 'node:crypto';
import { LOCAL_CREDENTIALS } from '../../shared/aws/settings.ts';
import { AwsError } from './errors.ts';
import type { AwsRequest } from './operation.ts';

const AUTHORIZATION =
  /Credential=([^/]+)\/(\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
/** How far a client's clock may be off. */
const SKEW_MAX_MS = 300_000;

/** What AWS says of a header that is well-formed and wrong, by the one key whose secret is known here. Of the rest it asks nothing. */
export function recomputeSignature(request: AwsRequest, now: () => number): void {
  const { authorization = '' } = request.headers;
  if (authorization.startsWith('Bearer ')) return;
  const [, key, scope = '', region = '', service = '', signed = '', signature] =
    AUTHORIZATION.exec(authorization) ?? [];
  if (key !== LOCAL_CREDENTIALS.accessKeyId) {
    throw new AwsError(
      'UnrecognizedClientException',
      403,
      'The security token included in the request is invalid.',
    );
  }
  const date = text(request, 'x-amz-date');
  if (Math.abs(instantOf(date) - now()) > SKEW_MAX_MS) {
    throw new AwsError('InvalidSignatureException', 403, `Signature expired: ${date} is too far from now.`);
  }
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, signed))].join('\n');
  const signingKey = [date.slice(0, 8), region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${LOCAL_CREDENTIALS.secretAccessKey}`,
  );
  if (createHmac('sha256', signingKey).update(toSign).digest('hex') === signature) return;
  throw new AwsError(
    'InvalidSignatureException',
    403,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  );
}

/** Every part of the path is encoded once more than it was sent. */
function canonicalRequest(request: AwsRequest, signed: string): string {
  const [path = '/', query = ''] = request.url.split('?', 2);
  return [
    request.method,
    path.split('/').map(encode).join('/'),
    query.split('&').toSorted().join('&'),
    ...signed.split(';').map((name) => `${name}:${text(request, name).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed,
    sha256(request.body),
  ].join('\n');
}

function text(request: AwsRequest, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function encode(part: string): string {
  return encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** 20261121T091502Z, as the one form in which it is sent. */
function instantOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
