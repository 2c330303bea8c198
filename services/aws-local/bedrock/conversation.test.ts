import { expect, test } from 'vitest';
import { readConversation } from './conversation.ts';

const user = (...content: unknown[]) => ({ role: 'user', content });
const assistant = (...content: unknown[]) => ({ role: 'assistant', content });
const text = (words: string) => ({ text: words });
const use = (toolUseId: string) => ({ toolUse: { toolUseId, name: 'sql', input: {} } });
const result = (toolUseId: string) => ({
  toolResult: { toolUseId, content: [text('4')], status: 'success' },
});
const toolConfig = { tools: [{ toolSpec: { name: 'sql', inputSchema: { json: {} } } }] };

test('system, turns, limit and stop sequences are read', () => {
  const body = {
    system: [text('Be brief.')],
    messages: [user(text('One')), assistant(text('Two')), user(text('Three'), text('Four'))],
    inferenceConfig: { maxTokens: 7, stopSequences: ['END', ''] },
  };
  expect(readConversation(body)).toEqual({
    system: 'Be brief.',
    lastText: 'Three\nFour',
    allText: 'Be brief.\nOne\nTwo\nThree\nFour',
    toolResults: 0,
    tokensMax: 7,
    stopSequences: ['END'],
  });
});

test('every call of a tool is answered in the next turn', () => {
  const messages = [user(text('How many?')), assistant(use('a'), use('b')), user(result('b'), result('a'))];
  expect(readConversation({ messages, toolConfig })).toMatchObject({ toolResults: 2 });
});

test.each([
  ['no body', undefined, /not a JSON object/],
  ['no turn', { messages: [] }, /must start with a user message/],
  ['the assistant first', { messages: [assistant(text('a'))] }, /must start with a user message/],
  ['two turns of one side', { messages: [user(text('a')), user(text('b'))] }, /must alternate/],
  ['the assistant last', { messages: [user(text('a')), assistant(text('b'))] }, /last turn .* user message/],
  ['another role', { messages: [{ role: 'system', content: [text('a')] }] }, /messages\.1\.member\.role/],
  ['an empty turn', { messages: [user()] }, /content field .* is empty/],
  ['a blank text', { messages: [user(text(''))] }, /text field .* is blank/],
  ['no tokens', { messages: [user(text('a'))], inferenceConfig: { maxTokens: 0 } }, /maxTokens/],
  [
    'tools used that are not declared',
    { messages: [user(text('a')), assistant(use('a')), user(result('a'))] },
    /toolConfig field must be defined/,
  ],
  [
    'a call of a tool left open',
    { messages: [user(text('a')), assistant(use('a'), use('b')), user(result('a'))], toolConfig },
    /Expected toolResult blocks at messages\.2\.content for the following Ids: b/,
  ],
  [
    'a result nobody asked for',
    { messages: [user(text('a')), assistant(use('a')), user(result('a'), result('b'))], toolConfig },
    /number of toolResult blocks at messages\.2\.content exceeds/,
  ],
  ['a result in the first turn', { messages: [user(result('a'))], toolConfig }, /exceeds/],
  [
    'a bad id',
    { messages: [user(text('a')), assistant(use('a b')), user(result('a b'))], toolConfig },
    /toolUseId/,
  ],
])('%s is a ValidationException', (_name, body, message) => {
  expect(() => readConversation(body)).toThrow(
    expect.objectContaining({
      name: 'ValidationException',
      status: 400,
      message: expect.stringMatching(message),
    }),
  );
});
