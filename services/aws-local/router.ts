import { converse } from './bedrock/converse.ts';
import { invokeModel } from './bedrock/invoke-model.ts';
import { COMPREHEND_OPERATIONS } from './comprehend/operations.ts';
import type { Functions } from './lambda/functions.ts';
import { invoke } from './lambda/invoke.ts';
import type { AwsRequest, Operation } from './operation.ts';
import { invokeEndpoint } from './sagemaker/invoke-endpoint.ts';
import { getCallerIdentity } from './sts/get-caller-identity.ts';

export type FindOperation = (request: AwsRequest) => Operation | undefined;

/** Everything the stand-in can do; another service is a folder and its lines here. */
export function createRouter(functions: Functions): FindOperation {
  const operations: readonly Operation[] = [
    invokeEndpoint,
    invokeModel,
    converse,
    ...COMPREHEND_OPERATIONS,
    invoke(functions),
    getCallerIdentity,
  ];
  return (request) => operations.find((operation) => operation.accepts(request));
}
