import type { AwsRequest, Operation } from './operation.ts';
import { invokeEndpoint } from './sagemaker/invoke-endpoint.ts';
import { getCallerIdentity } from './sts/get-caller-identity.ts';

/** Everything the stand-in can do; another service is a folder and its lines here. */
const OPERATIONS: readonly Operation[] = [invokeEndpoint, getCallerIdentity];

export function findOperation(request: AwsRequest): Operation | undefined {
  return OPERATIONS.find((operation) => operation.accepts(request));
}

/** Path segments as sent: decoding first would turn an encoded slash of a name into a separator. */
export function rawSegments(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1);
  return path.split('/').filter((segment) => segment !== '');
}
