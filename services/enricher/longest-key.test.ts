import { expect, test } from 'vitest';
import {
  CDC_MESSAGE_BYTES_MAX,
  ENRICHED_MESSAGE_BYTES_MAX,
  ROW_KEY_CHARACTERS_MAX,
} from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import { RecordBatch } from '../../shared/kafka/produce/record-batch.ts';
import { outcomeRecords } from './outcome-records.ts';
import { prepare } from './prepare.ts';

const program: EnrichmentProgram = {
  columns: ['body'],
  when: () => true,
  input: () => '',
  language: () => undefined,
};
// As many bytes as a character can have, and each of them three in a header.
const id = '\u20ac'.repeat(ROW_KEY_CHARACTERS_MAX - '{"id":""}'.length);
const at = {
  epoch: 1,
  commit_lsn: '00000000/00000020',
  event_index: 0,
  connector: 'postgresql',
  version: '18.4',
  name: 'afterglow',
  db: 'shop',
  schema: 'public',
  table: 'reviews',
  snapshot: 'false',
  ts_ms: 1,
  ts_us: 1,
  txId: 1,
  lsn: 1,
  sequence: null,
  schema_version: 1,
};

/** Of one record in a batch. */
function bytesOf(record: Parameters<RecordBatch['append']>[0]): number {
  const batch = new RecordBatch();
  batch.append(record);
  return batch.bytes;
}

const context = {
  pipeline: 'afterglow',
  enrichment: 'embedding',
  revision: 1,
  policyVersion: 'p1',
  model: { kind: 'titan-embedding', name: 'amazon.titan-embed-text-v2:0', version: '1' },
  program,
  nowMs: Date.now,
};

/** As large as its topic takes, and its outcome. */
function outcomeOf(op: 'c' | 'd', key: string, condemned?: Fault) {
  const after = op === 'd' ? null : { id: key, body: '' };
  const event = { before: op === 'd' ? { id: key } : null, after, op, ts_ms: 1, ts_us: 1, source: at };
  const empty = Buffer.byteLength(JSON.stringify(event));
  if (after !== null) after.body = 'x'.repeat(CDC_MESSAGE_BYTES_MAX - empty);
  const record = {
    topic: 'afterglow.cdc.public.reviews',
    partition: 0,
    offset: 1n,
    key: Buffer.from(JSON.stringify({ id: key })),
    value: Buffer.from(JSON.stringify(event)),
    timestampMs: 0,
    assignment: { current: true },
  };
  const prepared = prepare(record, { enrichment: 'embedding', program, keyColumns: ['id'] }, condemned);
  if (prepared.kind === 'incomplete') throw new Error('the change carries every column');
  return outcomeRecords({ prepared, answered: undefined }, context);
}

const condemned = new Fault('unknown', 'ended_worker', 'The worker ended twice on this row alone.');

test.for([
  ['deleted', 'd', undefined],
  ['failed', 'c', condemned],
] as const)(
  'the longest key that the reader lets through: its outcome %s fits into its topics',
  ([wanted, op, fault]) => {
    const { status, records } = outcomeOf(op, id, fault);
    expect(status).toBe(wanted);
    for (const each of records) {
      const isArchive = each.topic.startsWith('afterglow.dead.');
      expect(bytesOf(each)).toBeLessThanOrEqual(
        isArchive ? 2 * CDC_MESSAGE_BYTES_MAX : ENRICHED_MESSAGE_BYTES_MAX,
      );
    }
  },
);

test('a longer one, which only somebody else can have written, is archived without its key', () => {
  const { status, records } = outcomeOf('d', `${id}x`);
  expect(status).toBe('unreadable');
  expect(records.map(({ topic, key }) => [topic, key])).toEqual([['afterglow.dead.embedding', '{}']]);
});
