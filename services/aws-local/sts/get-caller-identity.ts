import type { AwsRequest, Operation } from '../operation.ts';

const BODY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
  '<Arn>arn:aws:iam::000000000000:user/aws-local</Arn><UserId>AFTERGLOWLOCAL000000</UserId>' +
  '<Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';

export const getCallerIdentity: Operation = {
  service: 'sts',
  name: 'GetCallerIdentity',
  protocol: 'query',
  bends: new Set<never>(),
  accepts: ({ method, segments, headers, body }: AwsRequest) =>
    method === 'POST' &&
    segments.length === 0 &&
    headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true &&
    new URLSearchParams(body.toString('utf8')).get('Action') === 'GetCallerIdentity',
  read: () => ({
    endpoint: '',
    rows: 0,
    tokens: 0,
    matches: () => false,
    answer: () => ({ status: 200, headers: { 'content-type': 'text/xml' }, body: BODY }),
  }),
};
