import type { Checks } from '../checks.ts';
import { AwsError } from '../errors.ts';
import type { BendKind } from '../faults/bend.ts';
import type { AwsRequest, Call, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { parseJsonObject } from '../request-body.ts';
import { answerTitan } from './titan.ts';
import { titanModel } from './titan-models.ts';
import { readTitanRequest } from './titan-request.ts';
import { tokenCount } from './tokens.ts';

export const invokeModel: Operation = {
  service: 'bedrock',
  name: 'InvokeModel',
  protocol: 'rest_json',
  bends: new Set<BendKind>(['not_a_number', 'zero_vector', 'width']),
  accepts: ({ method, segments }) =>
    method === 'POST' && segments.length >= 3 && segments.at(-3) === 'model' && segments.at(-1) === 'invoke',
  read(request: AwsRequest, checks: Checks): Call {
    const endpoint = decodeSegment(request.segments.at(-2) ?? '');
    const body = parseJsonObject(request.body);
    const text = typeof body?.inputText === 'string' ? body.inputText : undefined;
    return {
      endpoint,
      rows: text === undefined ? 0 : 1,
      get tokens() {
        return text === undefined ? 0 : tokenCount(text);
      },
      matches: (input) => 'contains' in input && text?.includes(input.contains) === true,
      answer(bend) {
        const model = titanModel(endpoint);
        if (model === undefined) throw unknownModel();
        return answerTitan(readTitanRequest(body, model, checks), model, bend);
      },
    };
  },
};

export function unknownModel(): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    404,
    'Could not resolve the foundation model from the provided model identifier.',
  );
}
