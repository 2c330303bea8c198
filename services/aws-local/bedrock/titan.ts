import { performance } from 'node:perf_hooks';
import type { Bend } from '../faults/bend.ts';
import type { AwsAnswer } from '../operation.ts';
import { rawEmbedding, unitLength } from './embedding.ts';
import { numberList } from './number-list.ts';
import type { TitanModel } from './titan-models.ts';
import type { TitanRequest } from './titan-request.ts';

/** One text, one vector; by type as well where the model does so, unasked. */
export function answerTitan(request: TitanRequest, model: TitanModel, bend: Bend | undefined): AwsAnswer {
  const beginMs = performance.now();
  const fault = bend?.fault;
  const dimensions = fault?.kind === 'width' ? fault.dimensions : request.dimensions;
  const raw = rawEmbedding(request.text, { dimensions, salt: model.salt });
  const vector = request.normalize ? unitLength(raw) : raw;
  if (fault?.kind === 'zero_vector') vector.fill(0);
  const floats =
    fault?.kind === 'not_a_number' ? spoiled(vector, fault.as ?? 'null') : written(vector, request);
  const body = bodyOf(request, model, vector, floats);
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-bedrock-input-token-count': String(request.tokens),
      'x-amzn-bedrock-invocation-latency': String(Math.ceil(performance.now() - beginMs)),
    },
    body,
    paidUnits: request.tokens,
  };
}

function bodyOf(request: TitanRequest, model: TitanModel, vector: Float64Array, floats: Buffer): Buffer {
  const end = Buffer.from(`,"inputTextTokenCount":${request.tokens}}`);
  if (!model.hasTypes) return Buffer.concat([EMBEDDING, floats, end]);
  const byType = request.types.flatMap((type, place) => [
    Buffer.from(`${place === 0 ? '' : ','}"${type}":`),
    type === 'float'
      ? floats
      : Buffer.from(JSON.stringify(Array.from(vector, (value) => (value > 0 ? 1 : 0)))),
  ]);
  return Buffer.concat([EMBEDDING, floats, BY_TYPE, ...byType, CLOSE, end]);
}

const EMBEDDING = Buffer.from('{"embedding":');
const BY_TYPE = Buffer.from(',"embeddingsByType":{');
const CLOSE = Buffer.from('}');

function written(vector: Float64Array, request: TitanRequest): Buffer {
  return request.normalize ? numberList(vector) : Buffer.from(JSON.stringify(Array.from(vector)));
}

function spoiled(vector: Float64Array, as: 'null' | 'text' | 'bare'): Buffer {
  const nan = { null: 'null', text: '"NaN"', bare: 'NaN' }[as];
  return Buffer.from(`[${[nan, ...vector.subarray(1)].join(',')}]`);
}
