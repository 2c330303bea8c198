import { describe, expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import { initTopics } from '../init/topics.ts';
import { painter } from '../view/paint.ts';
import { type AwsFacts, checkAws } from './aws.ts';
import { checkClocks } from './clocks.ts';
import { definition, fixesOf } from './facts-of-tests.ts';
import { exitStatus, type Finding } from './finding.ts';
import { checkKafka, type KafkaFacts } from './kafka.ts';
import { checkMachine, type MachineFacts } from './machine.ts';
import { reportLines } from './report.ts';
import { checkServices } from './services.ts';

describe('Kafka', () => {
  const facts = (change: (topic: string) => object | undefined = () => ({})): KafkaFacts => ({
    brokers: ['b:9092'],
    brokerCount: 1,
    topics: initTopics(definition).map(({ topic, partitions, settings }) => {
      const changes = change(topic);
      return changes === undefined
        ? undefined
        : { topic, partitions, replicationFactor: 1, settings, ...changes };
    }),
  });
  const only = (topic: string, changes: object | undefined) =>
    facts((each) => (each === topic ? changes : {}));
  const cdc = 'shop.cdc.public.orders';
  test.each([
    ['everything is there', facts(), []],
    ['a topic is missing', only(cdc, undefined), [`failed: Missing: ${cdc}. | npx afterglow init`]],
    [
      'partitions differ',
      only(cdc, { partitions: 3 }),
      [
        `failed: ${cdc} has 3 partitions, the definition says 6: keys would lose their places. | Write partitions: 3 for its source in afterglow.yaml.`,
      ],
    ],
    [
      'retention is short and the policy wrong',
      only(cdc, {
        settings: {
          'cleanup.policy': 'compact',
          'retention.ms': '3600000',
          'max.message.bytes': '9999999',
          'message.timestamp.type': 'LogAppendTime',
        },
      }),
      [
        `failed: ${cdc}: cleanup.policy is compact instead of delete; retention.ms is 3600000 instead of 604800000. | kafka-configs.sh --bootstrap-server b:9092 --alter --entity-type topics --entity-name ${cdc} --add-config cleanup.policy=delete,retention.ms=604800000`,
      ],
    ],
    [
      'longer retention and larger messages are fine',
      only(cdc, {
        settings: {
          'cleanup.policy': 'delete',
          'retention.ms': '-1',
          'max.message.bytes': '9999999',
          'message.timestamp.type': 'LogAppendTime',
        },
      }),
      [],
    ],
    [
      'nothing can be written',
      only(cdc, { settings: { ...initTopics(definition)[0]?.settings, 'min.insync.replicas': '2' } }),
      [
        expect.stringMatching(
          /^failed: .*min.insync.replicas is 2 with 1 replicas.*--add-config min.insync.replicas=1$/,
        ),
      ],
    ],
  ])('%s', (_name, given, expected) => {
    expect(fixesOf(checkKafka(definition, given))).toEqual(expected);
  });
});

describe('AWS', () => {
  const real = { mode: 'real', region: 'eu-west-1' } as const;
  const base: AwsFacts = {
    settings: real,
    identity: { arn: 'arn:aws:sts::1:role/app', account: '1' },
    isEndpointReachable: true,
    endpoint: 'https://runtime.sagemaker.eu-west-1.amazonaws.com',
  };
  test.each([
    ['answers', base, []],
    [
      'refuses our keys',
      {
        ...base,
        identity: { fault: new Fault('set_up', 'InvalidClientTokenId', 'sts: The token is invalid.') },
      },
      [expect.stringMatching(/^failed: AWS does not take our credentials: .*aws sts get-caller-identity/)],
    ],
    [
      'is away',
      { ...base, identity: { fault: new Fault('unavailable', 'ENOTFOUND', '') }, isEndpointReachable: false },
      [
        expect.stringMatching(/^unreachable: AWS does not say/),
        expect.stringMatching(/^unreachable: https:/),
      ],
    ],
    [
      'has no region',
      {
        ...base,
        settings: { mode: 'real', region: undefined },
        endpoint: undefined,
        isEndpointReachable: undefined,
      },
      [expect.stringMatching(/^failed: No region is set.*AWS_REGION/)],
    ],
    [
      'is the stand-in and away',
      { ...base, settings: { mode: 'local', endpoint: 'http://127.0.0.1:4100' }, isEndpointReachable: false },
      [expect.stringMatching(/^unreachable: The stand-in at .* npx afterglow aws-local/)],
    ],
  ] as const)('%s', (_name, facts, expected) => {
    expect(fixesOf(checkAws(facts))).toEqual(expected);
  });
});

describe('a service of the running stack', () => {
  const log = '/p/reader.log';
  const view = { name: 'reader', state: 'ready', detail: undefined, port: 1, restarts: 0 } as const;
  test.each([
    ['is ready', { view, log }, []],
    [
      'has given up',
      {
        view: { ...view, state: 'stopped', detail: 'ended with status 4: The slot is gone.' },
        log,
        remedy: 'Repair it.',
      },
      [
        `failed: reader is down and stays down: ended with status 4: The slot is gone. | Repair it.\ntail ${log}\nnpx afterglow down && npm start  # after that`,
      ],
    ],
    [
      'was never started',
      { view: { ...view, state: 'stopped', detail: 'was not started with this stack' } },
      ['failed: reader is not running: was not started with this stack. | npx afterglow down && npm start'],
    ],
    [
      'is not ready',
      { view: { ...view, state: 'not ready', detail: 'slot: lost' }, log },
      [`failed: reader is not ready: slot: lost. | tail ${log}`],
    ],
    [
      'crashes',
      { view: { ...view, state: 'restarting', detail: 'was ended by SIGKILL' }, log },
      [`failed: reader is down and will be started again: was ended by SIGKILL. | tail ${log}`],
    ],
    [
      'starts',
      { view: { ...view, state: 'starting' }, log },
      [expect.stringMatching(/^warning: reader is starting/)],
    ],
  ] as const)('%s', (_name, service, expected) => {
    expect(fixesOf(checkServices([{ log: undefined, remedy: undefined, ...service }]))).toEqual(expected);
  });
});

test.each([
  [{ databaseAheadMs: 20, awsAheadMs: -900 }, []],
  [
    { databaseAheadMs: -1_500, awsAheadMs: undefined },
    [expect.stringMatching(/^warning: The database's clock is 1.5 s behind ours/)],
  ],
  [
    { databaseAheadMs: undefined, awsAheadMs: 300_000 },
    [expect.stringMatching(/^failed: AWS's clock is 300.0 s ahead of ours: it refuses/)],
  ],
] as const)('clocks %j', (facts, expected) => {
  expect(fixesOf(checkClocks(facts))).toEqual(expected);
});

describe('the machine', () => {
  const FACTS: MachineFacts = {
    java: { path: '/usr/bin/java' },
    hasPip: true,
    hasMaven: true,
    postgresBytes: 25_000_000,
    kafkaBytes: 44_000_000,
    freeBytes: 5e10,
    root: '/p/.afterglow',
  };
  const both = { postgres: true, kafka: true };
  test.each([
    ['has everything', FACTS, both, []],
    [
      'has no pip',
      { ...FACTS, hasPip: false },
      both,
      [expect.stringMatching(/^failed: .*no pip.*apt-get install/)],
    ],
    ['has no pip and needs none', { ...FACTS, hasPip: false, postgresBytes: 0 }, both, []],
    [
      'has no Maven, and Kafka is theirs',
      { ...FACTS, hasMaven: false },
      { postgres: true, kafka: false },
      [],
    ],
    [
      'has a full disk',
      { ...FACTS, freeBytes: 1e8 },
      both,
      [expect.stringMatching(/^failed: 100 MB free .*1.0 GB are needed/)],
    ],
  ])('%s', (_name, facts, isNeeded, expected) => {
    expect(fixesOf(checkMachine(facts, isNeeded))).toEqual(expected);
  });
});

test('the status says the worst that was found, and every finding that asks for something says how', () => {
  const finding = (outcome: Finding['outcome']): Finding => ({
    area: 'kafka',
    outcome,
    message: 'm',
    fix: 'f',
  });
  expect(exitStatus([finding('ok'), finding('warning'), finding('skipped')])).toBe(0);
  expect(exitStatus([finding('failed'), finding('ok')])).toBe(1);
  expect(exitStatus([finding('failed'), finding('unreachable')])).toBe(3);
  expect(reportLines([finding('failed'), finding('warning')], painter(false))).toEqual([
    'kafka        ✖ m',
    '               f',
    '             ! m',
    '               f',
    '',
    '1 thing to fix, 1 warning.',
  ]);
});
