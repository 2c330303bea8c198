import { expect, test } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import { type Hold, untilSetRight } from './hold.ts';
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

const setUp = (code: string): Fault => new Fault('set_up', code, 'somebody has to');

test('what somebody has to put right is named and tried again until it is done', async () => {
  const { hold, said, work } = failing(setUp('one'), setUp('other'));
  await untilSetRight(work, hold, new AbortController().signal, AT_ONCE);
  expect(said).toEqual(['held one', 'held other', 'done', 'released']);
});

test('every other error is thrown at once, and nothing is named any more', async () => {
  const { hold, said, work } = failing(setUp('one'), new Fault('unavailable', 'altered', 'anew'));
  const held = untilSetRight(work, hold, new AbortController().signal, AT_ONCE);
  await expect(held).rejects.toMatchObject({ kind: 'unavailable' });
  expect(said).toEqual(['held one', 'released']);
});

test('the end of the session ends the wait', async () => {
  const { hold, said, work } = failing(setUp('one'));
  const held = untilSetRight(work, hold, AbortSignal.abort());
  await expect(held).rejects.toThrow(Abandoned);
  expect(said).toEqual(['held one', 'released']);
});
