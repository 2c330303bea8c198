import { createHash } from 'node:crypto';
import { type Bend, bentPlaces, changeLength } from '../faults/bend.ts';
import type { AwsAnswer } from '../operation.ts';
import type { CohereModel } from './cohere-models.ts';
import type { CohereRequest } from './cohere-request.ts';
import { rawEmbedding, unitLength } from './embedding.ts';
import { numberList } from './number-list.ts';

/** Up to 96 texts, a vector for each of them in their order; the count of tokens is a header, of all texts together. */
export function answerCohere(request: CohereRequest, model: CohereModel, bend: Bend | undefined): AwsAnswer {
  const { texts, isByType } = request;
  const vectors = bent(
    texts.map((text) => vectorOf(text, request, model)),
    request,
    bend,
  );
  const floats = `[${vectors.join(',')}]`;
  const embeddings = isByType ? `{"float":${floats}}` : floats;
  const type = isByType ? 'embeddings_by_type' : 'embeddings_floats';
  const id = createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 32);
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-bedrock-input-token-count': String(request.tokens),
      'x-amzn-bedrock-invocation-latency': '1',
    },
    body: `{"id":"${id}","response_type":"${type}","embeddings":${embeddings},"texts":${JSON.stringify(texts)}}`,
    paidUnits: request.tokens,
  };
}

function vectorOf(text: string, { dimensions, inputType }: CohereRequest, { salt }: CohereModel): string {
  // A query is put where the documents are that answer it; other purposes are spaces of their own.
  const purpose = inputType.startsWith('search_') ? 0 : inputType.length;
  return numberList(unitLength(rawEmbedding(text, { dimensions, salt: salt + purpose }))).toString();
}

function bent(vectors: readonly string[], request: CohereRequest, bend: Bend | undefined): readonly string[] {
  if (bend === undefined) return vectors;
  const { fault } = bend;
  if (fault.kind === 'rows') return changeLength(vectors, fault.change, () => vectors[0] ?? '[]');
  const places = bentPlaces(
    bend,
    request.texts,
    (text, match) => 'contains' in match && text.includes(match.contains),
  );
  return vectors.map((vector, place) => (places.has(place) ? spoiled(vector, fault) : vector));
}

function spoiled(vector: string, fault: Bend['fault']): string {
  if (fault.kind === 'zero_vector') return vector.replaceAll(/-?[\d.]+/g, '0');
  if (fault.kind === 'width') return `[${new Array(fault.dimensions).fill('0.5').join(',')}]`;
  if (fault.kind !== 'not_a_number') return vector;
  const nan = { null: 'null', text: '"NaN"', bare: 'NaN' }[fault.as ?? 'null'];
  return vector.replace(/-?[\d.]+/, nan);
}
