import type { Checks } from '../checks.ts';
import { AwsError } from '../errors.ts';
import type { BendKind } from '../faults/bend.ts';
import type { AwsRequest, Call, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { type JsonObject, parseJsonObject } from '../request-body.ts';
import { answerCohere } from './cohere.ts';
import { cohereModel } from './cohere-models.ts';
import { readCohereRequest } from './cohere-request.ts';
import { answerTitan } from './titan.ts';
import { titanModel } from './titan-models.ts';
import { readTitanRequest } from './titan-request.ts';
import { tokenCount } from './tokens.ts';

const ONE_VECTOR: readonly BendKind[] = ['not_a_number', 'zero_vector', 'width'];
const BENDS_OF_TITAN: ReadonlySet<BendKind> = new Set(ONE_VECTOR);
const BENDS_OF_COHERE: ReadonlySet<BendKind> = new Set([...ONE_VECTOR, 'rows']);

export const invokeModel: Operation = {
  service: 'bedrock',
  name: 'InvokeModel',
  protocol: 'rest_json',
  bends: BENDS_OF_COHERE,
  accepts: ({ method, segments }) =>
    method === 'POST' && segments.length >= 3 && segments.at(-3) === 'model' && segments.at(-1) === 'invoke',
  read(request: AwsRequest, checks: Checks): Call {
    const endpoint = decodeSegment(request.segments.at(-2) ?? '');
    const body = parseJsonObject(request.body);
    const texts = textsOf(body);
    return {
      endpoint,
      rows: texts.length,
      bends: cohereModel(endpoint) === undefined ? BENDS_OF_TITAN : BENDS_OF_COHERE,
      get tokens() {
        return texts.reduce((sum, text) => sum + tokenCount(text), 0);
      },
      matches: (input) => 'contains' in input && texts.some((text) => text.includes(input.contains)),
      answer(bend) {
        const titan = titanModel(endpoint);
        if (titan !== undefined) return answerTitan(readTitanRequest(body, titan, checks), titan, bend);
        const cohere = cohereModel(endpoint);
        if (cohere === undefined) throw unknownModel();
        const { model, isProfile } = cohere;
        if (model.needsProfile && !isProfile && checks.profile) throw profileNeeded(endpoint);
        return answerCohere(readCohereRequest(body, model, checks), model, bend);
      },
    };
  },
};

/** One for Titan, a list for Cohere. */
function textsOf(body: JsonObject | undefined): readonly string[] {
  const { inputText, texts } = body ?? {};
  if (typeof inputText === 'string') return [inputText];
  return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string') : [];
}

export function unknownModel(): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    404,
    'Could not resolve the foundation model from the provided model identifier.',
  );
}

function profileNeeded(modelId: string): AwsError {
  return new AwsError(
    'ValidationException',
    400,
    `Invocation of model ID ${modelId} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
  );
}
