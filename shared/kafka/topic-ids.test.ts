import { expect, test } from 'vitest';
import { isTransient } from '../postgres/transient.ts';
import { idsOf } from './topic-ids.ts';

const TOPICS = ['one', 'other'];

test('a cluster that gives topics no ids has none, and one that gives them has all', () => {
  expect(idsOf(TOPICS, { ids: new Map(), unheard: [] }).size).toBe(0);
  const ids = new Map(TOPICS.map((topic) => [topic, `${topic} id`]));
  expect(idsOf(TOPICS, { ids, unheard: [] })).toBe(ids);
});

test.each([
  ['has an id, of the other the broker says nothing', new Map([['one', 'id']]), []],
  ['has an id, of the other the broker has not heard', new Map([['one', 'id']]), ['other']],
  ['is unheard of, too', new Map<string, string>(), ['one', 'other']],
])('where one topic %s, it is asked again', async (_name, ids, unheard) => {
  const asked = async (): Promise<unknown> => idsOf(TOPICS, { ids, unheard });
  const error: unknown = await asked().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'topic_unheard', message: expect.stringContaining('other') });
  expect(isTransient(error)).toBe(true);
});
