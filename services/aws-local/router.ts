import { converse } from './bedrock/converse.ts';
import { invokeModel } from './bedrock/invoke-model.ts';
import { COMPREHEND_OPERATIONS } from './comprehend/operations.ts';
import type { AwsRequest, Operation } from './operation.ts';
import { invokeEndpoint } from './sagemaker/invoke-endpoint.ts';
import { getCallerIdentity } from './sts/get-caller-identity.ts';

/** Everything the stand-in can do; another service is a folder and its lines here. */
const OPERATIONS: readonly Operation[] = [
  invokeEndpoint,
  invokeModel,
  converse,
  ...COMPREHEND_OPERATIONS,
  getCallerIdentity,
];

export function findOperation(request: AwsRequest): Operation | undefined {
  return OPERATIONS.find((operation) => operation.accepts(request));
}
