import { AwsError } from '../errors.ts';
import type { AwsRequest, Call, ModelAnswer, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { type JsonObject, parseJsonObject } from '../request-body.ts';
import { rawEmbedding, unitLength } from './embedding.ts';
import { numberList } from './number-list.ts';
import { type TitanModel, titanModel } from './titan-models.ts';
import { readTitanRequest, type TitanRequest } from './titan-request.ts';

export const invokeModel: Operation = {
  service: 'bedrock',
  name: 'InvokeModel',
  protocol: 'rest_json',
  accepts: ({ method, segments }) =>
    method === 'POST' && segments.length >= 3 && segments.at(-3) === 'model' && segments.at(-1) === 'invoke',
  read(request: AwsRequest): Call {
    const endpoint = decodeSegment(request.segments.at(-2) ?? '');
    const body = parseJsonObject(request.body);
    const text = typeof body?.inputText === 'string' ? body.inputText : undefined;
    return {
      endpoint,
      rows: text === undefined ? 0 : 1,
      matches: (input) => 'contains' in input && text?.includes(input.contains) === true,
      answer: () => answer(endpoint, body),
    };
  },
};

function answer(modelId: string, body: JsonObject | undefined): ModelAnswer {
  const model = titanModel(modelId);
  if (model === undefined) throw unknownModel();
  const request = readTitanRequest(body, model);
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-bedrock-input-token-count': String(request.tokens),
      'x-amzn-bedrock-invocation-latency': '1',
    },
    body: embed(request, model),
    units: request.tokens,
  };
}

export function unknownModel(): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    404,
    'Could not resolve the foundation model from the provided model identifier.',
  );
}

function embed(request: TitanRequest, model: TitanModel): Buffer {
  const raw = rawEmbedding(request.text, { dimensions: request.dimensions, salt: model.salt });
  const vector = request.normalize ? unitLength(raw) : raw;
  const floats = request.normalize ? numberList(vector) : Buffer.from(JSON.stringify([...vector]));
  const parts = [Buffer.from('{"embedding":'), floats];
  if (model.hasTypes) {
    const byType = request.types.map((type, place) => [
      Buffer.from(`${place === 0 ? '' : ','}"${type}":`),
      type === 'float'
        ? floats
        : Buffer.from(JSON.stringify([...vector].map((value) => (value > 0 ? 1 : 0)))),
    ]);
    parts.push(Buffer.from(',"embeddingsByType":{'), ...byType.flat(), Buffer.from('}'));
  }
  parts.push(Buffer.from(`,"inputTextTokenCount":${request.tokens}}`));
  return Buffer.concat(parts);
}
