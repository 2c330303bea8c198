import { expect, test } from 'vitest';
import { askLeaders } from './leaders.ts';

const refusal = (type: string): Error => Object.assign(new Error('refused'), { type });

test('a broker that does not lead yet is asked again; any other refusal is told at once', async () => {
  let asked = 0;
  const answer = await askLeaders(async () => {
    asked++;
    if (asked === 1) throw refusal('NOT_LEADER_FOR_PARTITION');
    if (asked === 2) throw new Error('given up', { cause: refusal('LEADER_NOT_AVAILABLE') });
    return 'offsets';
  });
  expect([answer, asked]).toEqual(['offsets', 3]);
  const refused = askLeaders(async () => {
    asked++;
    throw refusal('TOPIC_AUTHORIZATION_FAILED');
  });
  await expect(refused).rejects.toThrow('refused');
  expect(asked).toBe(4);
});
