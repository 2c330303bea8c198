import { expect, test } from 'vitest';
import { checkSignature } from './signature.ts';

const GOOD =
  'AWS4-HMAC-SHA256 Credential=AFTERGLOW/20261120/us-east-1/sagemaker/aws4_request, ' +
  `SignedHeaders=content-type;host;x-amz-date, Signature=${'0a'.repeat(32)}`;
const DATE = '20261120T091502Z';

test('a well-formed header for this service passes, also without spaces', () => {
  checkSignature({ authorization: GOOD, 'x-amz-date': DATE }, 'sagemaker');
  checkSignature({ authorization: GOOD.replaceAll(', ', ','), 'x-amz-date': DATE }, 'sagemaker');
});

test.each([
  ['none', undefined, DATE, 'MissingAuthenticationTokenException', 403],
  ['a bearer token', 'Bearer abc', DATE, 'IncompleteSignatureException', 400],
  ['no signature', GOOD.replace(/, Signature.*/, ''), DATE, 'IncompleteSignatureException', 400],
  ['no date', GOOD, undefined, 'IncompleteSignatureException', 400],
  ['another service', GOOD.replace('sagemaker', 'bedrock'), DATE, 'InvalidSignatureException', 403],
  ['another day', GOOD, '20261121T000000Z', 'InvalidSignatureException', 403],
  ['the host unsigned', GOOD.replace('host;', ''), DATE, 'InvalidSignatureException', 403],
])('%s gets the error AWS has for it', (_name, authorization, date, name, status) => {
  const headers = { ...(authorization && { authorization }), ...(date && { 'x-amz-date': date }) };
  expect(() => checkSignature(headers, 'sagemaker')).toThrow(expect.objectContaining({ name, status }));
});
