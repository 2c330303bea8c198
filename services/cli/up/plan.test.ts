import { expect, test } from 'vitest';
import { localFolders } from '../../../deploy/local/folders.ts';
import { painter } from '../view/paint.ts';
import { planLines, planUp } from './plan.ts';

const FOLDERS = localFolders('/home/me/shop', {});
const lines = (
  environment: Record<string, string>,
  bytes = { postgresBytes: 24_704_230, kafkaBytes: 44_156_786 },
) => planLines(planUp(environment, 18, bytes), FOLDERS, painter(false));

test('the first screen says what is embedded and what will be downloaded', () => {
  expect(lines({})).toEqual([
    '  PostgreSQL 18    embedded  with pgvector, 24.7 MB to download',
    '  Kafka 4.1.1      embedded  KRaft, 44.2 MB to download',
    '  AWS              stand-in  answers model calls on this machine, costs nothing',
    '  68.9 MB are downloaded once, into /home/me/shop/.afterglow/downloads.',
  ]);
});

test('what is theirs is named without its password, and AWS variables of a shell change nothing', () => {
  const environment = {
    DATABASE_URL: 'postgres://me:secret@db.example.com/shop',
    KAFKA_BROKERS: 'broker:9092',
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIA',
  };
  expect(lines(environment)).toEqual([
    '  PostgreSQL       yours     db.example.com:5432/shop',
    '  Kafka            yours     broker:9092',
    '  AWS              stand-in  answers model calls on this machine, costs nothing',
  ]);
});

test('real AWS is announced with its price', () => {
  expect(lines({ AFTERGLOW_AWS: 'real' }, { postgresBytes: 0, kafkaBytes: 0 })).toContain(
    '  AWS              Amazon    real model calls, which cost money (AFTERGLOW_AWS=real)',
  );
});
