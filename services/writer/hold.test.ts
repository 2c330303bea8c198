import { expect, test } from 'vitest';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { sendFault } from '../../shared/kafka/produce/trouble.ts';
import { DatabaseError } from '../../shared/postgres/connect.ts';
import { faultOfLane, type Hold, untilSetRight } from './hold.ts';
import { Abandoned } from './patience.ts';

const AT_ONCE = { firstMs: 1, maxMs: 2 };

/** Fails with these in turn, then succeeds. */
function failing(...errors: readonly Error[]) {
  const left = [...errors];
  const said: string[] = [];
  const hold: Hold = {
    held: ({ code }) => said.push(`held ${code}`),
    released: () => said.push('released'),
  };
  const work = async (): Promise<void> => {
    const error = left.shift();
    if (error !== undefined) throw error;
    said.push('done');
  };
  return { hold, said, work };
}

const EVERY_ROW = new Fault('set_up', 'every_row_refused', 'somebody has to');
const KEY_TYPE = new Fault('set_up', 'key_type_changed', 'somebody has to');
const MESSAGE = 'relation of Jane Doe';
const state = (code: string): Error => Object.assign(new DatabaseError(MESSAGE, 0, 'error'), { code });

test('what somebody has to put right is named and tried again until it is done', async () => {
  const { hold, said, work } = failing(EVERY_ROW, KEY_TYPE);
  await untilSetRight(work, hold, new AbortController().signal, AT_ONCE);
  expect(said).toEqual(['held every_row_refused', 'held key_type_changed', 'done', 'released']);
});

test('so is a right, a table or a column of the lane that is missing, with what to do and nothing of the row', async () => {
  const missing = ['42501', '42P01', '42703'];
  const { hold, said, work } = failing(...missing.map(state));
  await untilSetRight(work, hold, new AbortController().signal, AT_ONCE);
  expect(said).toEqual([...missing.map((code) => `held ${code}`), 'done', 'released']);
  for (const code of missing) {
    const fault = faultOfLane(state(code));
    expect(fault).toMatchObject({ kind: 'set_up', code, message: expect.stringContaining('afterglow init') });
    expect(fault?.message).not.toContain(MESSAGE);
  }
  const tables = faultOfLane(new AfterglowError('database_not_initialised', 'The side tables do not exist.'));
  expect(tables).toMatchObject({ kind: 'set_up', code: 'database_not_initialised' });
});

test.each([
  [
    'a record that Kafka refuses, as its producer sends nothing more',
    sendFault({ type: 'MESSAGE_TOO_LARGE', passes: false }),
  ],
  ['a right that Kafka refuses', sendFault({ type: 'TOPIC_AUTHORIZATION_FAILED', passes: false })],
  ['an internal error of the server', state('XX000')],
  [
    'a table that another pipeline has',
    new AfterglowError('database_of_another_pipeline', 'Set up for another.'),
  ],
  ['a defect', new TypeError('a defect')],
])('%s ends the session: the lane waits for nobody', async (_name, error) => {
  const { hold, said, work } = failing(error);
  await expect(untilSetRight(work, hold, new AbortController().signal, AT_ONCE)).rejects.toBe(error);
  expect(said).toEqual(['released']);
});

test('every other error is thrown at once, and nothing is named any more', async () => {
  const { hold, said, work } = failing(EVERY_ROW, new Fault('unavailable', 'altered', 'anew'));
  const held = untilSetRight(work, hold, new AbortController().signal, AT_ONCE);
  await expect(held).rejects.toMatchObject({ kind: 'unavailable' });
  expect(said).toEqual(['held every_row_refused', 'released']);
});

test('the end of the session ends the wait', async () => {
  const { hold, said, work } = failing(EVERY_ROW);
  const held = untilSetRight(work, hold, AbortSignal.abort());
  await expect(held).rejects.toThrow(Abandoned);
  expect(said).toEqual(['held every_row_refused', 'released']);
});
