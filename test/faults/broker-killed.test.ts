import { expect, test } from 'vitest';
import { startKafka } from '../../deploy/local/kafka.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { projectFolder } from '../support/project-folder.ts';
import { readTopic } from '../support/topic.ts';

const SENDS = 400;
const RECORDS_PER_SEND = 50;
const KILL_AFTER_SENDS = 150;
/** As long as the slowest machine takes to start a broker. */
const PATIENT = { attemptsMax: 1_000, giveUpAfterMs: 90_000 };

test('a broker that is killed in the middle of sends has every record once and in order when it is back', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const first = await startKafka({ folders, port: 0, progress: () => {} });
  const settings = {
    brokers: [first.brokers],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  };
  const admin = await connectKafkaAdmin(settings);
  await admin.createTopics([{ topic: 'kept', partitions: 1, settings: {} }]);
  await admin.close();
  let second: ReturnType<typeof startKafka> | undefined;
  {
    await using producer = await connectProducer(settings, PATIENT);
    for (let send = 0; send < SENDS; send++) {
      if (send === KILL_AFTER_SENDS) {
        process.kill(first.identity.pid, 'SIGKILL');
        second = first.ended.then(() => startKafka({ folders, port: first.port, progress: () => {} }));
      }
      const records = Array.from({ length: RECORDS_PER_SEND }, (_, index) => ({
        topic: 'kept',
        partition: 0,
        key: String(send * RECORDS_PER_SEND + index),
        value: 'x'.repeat(200),
      }));
      await producer.send(records);
    }
  }
  const kafka = await second;
  const keys = (await readTopic('kept', kafka?.brokers)).map(({ key }) => Number(key?.toString()));
  expect(keys).toEqual(Array.from({ length: SENDS * RECORDS_PER_SEND }, (_, index) => index));
  await kafka?.stop();
}, 400_000);
