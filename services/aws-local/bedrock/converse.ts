import type { AwsAnswer, AwsRequest, Call, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { isObject, type JsonObject, parseJsonObject } from '../request-body.ts';
import { cohereModel } from './cohere-models.ts';
import { type Conversation, readConversation } from './conversation.ts';
import { unknownModel } from './invoke-model.ts';
import { titanModel } from './titan-models.ts';
import { tokenCount } from './tokens.ts';

/** The part of a model id that says who made it; an embedding model does not converse. */
const TEXT_MODEL = /(?:^|[./:])(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|writer)\./;

export const converse: Operation = {
  service: 'bedrock',
  name: 'Converse',
  protocol: 'rest_json',
  bends: new Set<never>(),
  accepts: ({ method, segments }) =>
    method === 'POST' &&
    segments.length >= 3 &&
    segments.at(-3) === 'model' &&
    segments.at(-1) === 'converse',
  read(request: AwsRequest): Call {
    const endpoint = decodeSegment(request.segments.at(-2) ?? '');
    const body = parseJsonObject(request.body);
    const text = request.body.toString('utf8');
    return {
      endpoint,
      rows: 1,
      get tokens() {
        return tokenCount(text) + reservedTokens(body);
      },
      matches: (input) => 'contains' in input && text.includes(input.contains),
      answer() {
        if (!TEXT_MODEL.test(endpoint) || isEmbedding(endpoint)) throw unknownModel();
        return answer(readConversation(body));
      },
    };
  },
};

const isEmbedding = (modelId: string): boolean =>
  titanModel(modelId) !== undefined || cohereModel(modelId) !== undefined;

/** Bedrock takes the longest possible answer from the quota of tokens before it begins. */
function reservedTokens(body: JsonObject | undefined): number {
  const { inferenceConfig } = body ?? {};
  const maxTokens = isObject(inferenceConfig) ? inferenceConfig.maxTokens : undefined;
  return typeof maxTokens === 'number' ? maxTokens : 0;
}

function answer(conversation: Conversation): AwsAnswer {
  const { text, stopReason } = reply(conversation);
  const inputTokens = tokenCount(conversation.allText);
  const outputTokens = tokenCount(text);
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      output: { message: { role: 'assistant', content: [{ text }] } },
      stopReason,
      usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
      metrics: { latencyMs: 1 },
    }),
    paidUnits: inputTokens + outputTokens,
  };
}

const QUOTED_CHARACTERS_MAX = 200;

/** A plain answer that claims nothing: it says what was asked, and that nobody thought about it. */
function reply({ lastText, toolResults, tokensMax, stopSequences }: Conversation) {
  const asked = lastText.slice(0, QUOTED_CHARACTERS_MAX).trim();
  const full =
    toolResults > 0
      ? `This is the local stand-in, which does not think. It was given ${toolResults} tool result${toolResults === 1 ? '' : 's'}.`
      : `This is the local stand-in, which does not think. It was asked: ${asked}`;
  const stop = stopSequences.map((sequence) => full.indexOf(sequence)).filter((place) => place >= 0);
  const text = stop.length > 0 ? full.slice(0, Math.min(...stop)) : full;
  const cut = cutToTokens(text, tokensMax);
  if (cut.length < text.length) return { text: cut, stopReason: 'max_tokens' };
  return { text, stopReason: stop.length > 0 ? 'stop_sequence' : 'end_turn' };
}

function cutToTokens(text: string, tokensMax: number): string {
  const words = text.split(/(?<= )/);
  while (words.length > 1 && tokenCount(words.join('')) > tokensMax) words.pop();
  return words.join('');
}
