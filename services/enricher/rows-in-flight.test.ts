import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { RowsInFlight } from './rows-in-flight.ts';

const assignment = { current: true };
const record = (offset: number): FetchedRecord => ({
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  key: null,
  value: null,
  timestampMs: 0,
  assignment,
});

test('a row that was waited for long enough, once it is done, stands for no other: the one behind it is waited for', async () => {
  const rows = new RowsInFlight<{ readonly prepared: { readonly record: FetchedRecord } }>({
    rowsMax: 10,
    bytesMax: 1e6,
  });
  const [first, second] = [record(0), record(1)];
  const firstSettlement = rows.add(first, 'first', false);
  await rows.empty(0);
  const secondSettlement = rows.add(second, 'second', false);
  firstSettlement.settle({ prepared: { record: first } });
  rows.published(await rows.take(10));
  let isEmpty = false;
  const emptied = rows.empty(60_000).then(() => {
    isEmpty = true;
  });
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  expect(isEmpty).toBe(false);
  secondSettlement.settle({ prepared: { record: second } });
  rows.published(await rows.take(10));
  await emptied;
});
