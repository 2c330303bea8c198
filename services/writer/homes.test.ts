import { expect, test } from 'vitest';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { Homes } from './homes.ts';

const arrival = (topic: string, revision: number) => ({
  record: { topic } as FetchedRecord,
  event: { revision } as AnyEnrichedEvent,
});

test('around a cut-over an outcome goes to the tables that its model has now, or nowhere once nobody has it', () => {
  const homes = new Homes(
    new Map([
      [
        'enriched',
        new Map([
          [1, 'shadow'],
          [2, 'enriched'],
          [3, null],
        ]),
      ],
    ]),
  );
  expect(homes.topicOf(arrival('enriched', 1))).toBe('shadow');
  expect(homes.topicOf(arrival('enriched', 2))).toBe('enriched');
  expect(homes.topicOf(arrival('enriched', 3))).toBeUndefined();
  // A revision that was registered a moment ago, and a topic that no shadow shares.
  expect(homes.topicOf(arrival('enriched', 4))).toBe('enriched');
  expect(homes.topicOf(arrival('other', 1))).toBe('other');
});
