import { AwsError } from '../errors.ts';
import { isObject, type JsonObject } from '../request-body.ts';

export interface Conversation {
  readonly system: string;
  /** The texts of the last turn, which is the user's. */
  readonly lastText: string;
  readonly allText: string;
  readonly toolResults: number;
  readonly tokensMax: number;
  readonly stopSequences: readonly string[];
}

/** What a model without a limit of its own would reserve; the quota counts it before anything is answered. */
const TOKENS_MAX_DEFAULT = 64_000;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: readonly JsonObject[];
}

/** Reads a Converse request, or says which rule of the turns it breaks. */
export function readConversation(body: JsonObject | undefined): Conversation {
  if (body === undefined) throw invalid('The request body is not a JSON object.');
  const turns = readTurns(body.messages);
  checkTools(turns, body.toolConfig);
  const inference = isObject(body.inferenceConfig) ? body.inferenceConfig : {};
  const { maxTokens = TOKENS_MAX_DEFAULT, stopSequences = [] } = inference;
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1) {
    throw invalid("Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: at least 1");
  }
  const texts = turns.map(({ content }) => textOf(content));
  const system = Array.isArray(body.system) ? textOf(body.system.filter(isObject)) : '';
  const last = turns.at(-1);
  return {
    system,
    lastText: texts.at(-1) ?? '',
    allText: [system, ...texts].join('\n'),
    toolResults: last?.content.filter((block) => isObject(block.toolResult)).length ?? 0,
    tokensMax: maxTokens,
    stopSequences: Array.isArray(stopSequences)
      ? stopSequences.filter((stop): stop is string => typeof stop === 'string' && stop !== '')
      : [],
  };
}

function readTurns(messages: unknown): readonly Turn[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalid('A conversation must start with a user message. Try again with a conversation that does.');
  }
  const turns = messages.map((message: unknown, index): Turn => {
    const { role, content } = isObject(message) ? message : {};
    if (role !== 'user' && role !== 'assistant') {
      throw invalid(
        `Value at 'messages.${index + 1}.member.role' failed to satisfy constraint: [user, assistant]`,
      );
    }
    const blocks = Array.isArray(content) ? content.filter(isObject) : [];
    if (blocks.length === 0)
      throw invalid(`The content field in the Message object at messages.${index} is empty.`);
    if (blocks.some((block) => block.text === '')) {
      throw invalid(`The text field in the ContentBlock object at messages.${index} is blank.`);
    }
    return { role, content: blocks };
  });
  if (turns[0]?.role !== 'user') {
    throw invalid('A conversation must start with a user message. Try again with a conversation that does.');
  }
  const repeated = turns.findIndex((turn, index) => index > 0 && turn.role === turns[index - 1]?.role);
  if (repeated >= 0) {
    throw invalid(
      `A conversation must alternate between user and assistant roles: messages.${repeated} does not.`,
    );
  }
  if (turns.at(-1)?.role !== 'user') throw invalid('The last turn in a conversation must be a user message.');
  return turns;
}

/** Every call of a tool is answered in the next turn of the user, no more and no fewer, and the tools stay declared. */
function checkTools(turns: readonly Turn[], toolConfig: unknown): void {
  const used = turns.some(({ content }) =>
    content.some((block) => 'toolUse' in block || 'toolResult' in block),
  );
  if (used && !isObject(toolConfig)) {
    throw invalid('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  }
  for (const [index, turn] of turns.entries()) {
    if (turn.role !== 'user') continue;
    const asked = index === 0 ? [] : idsOf(turns[index - 1]?.content ?? [], 'toolUse');
    const answered = idsOf(turn.content, 'toolResult');
    const missing = asked.filter((id) => !answered.includes(id));
    if (missing.length > 0) {
      throw invalid(
        `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`,
      );
    }
    if (answered.length > asked.length) {
      throw invalid(
        `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`,
      );
    }
  }
}

function idsOf(content: readonly JsonObject[], kind: 'toolUse' | 'toolResult'): readonly string[] {
  return content.flatMap((block) => {
    const { [kind]: part } = block;
    if (!isObject(part)) return [];
    const { toolUseId: id } = part;
    if (typeof id !== 'string' || !NAME.test(id)) {
      throw invalid(`Value at '${kind}.toolUseId' failed to satisfy constraint: [a-zA-Z0-9_-]+, 1 to 64`);
    }
    return [id];
  });
}

function textOf(content: readonly JsonObject[]): string {
  return content.flatMap((block) => (typeof block.text === 'string' ? [block.text] : [])).join('\n');
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', 400, message);
}
