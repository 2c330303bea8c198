import { expect, test } from 'vitest';
import { ownIdentity } from '../../deploy/local/processes.ts';
import type { StackState } from '../../deploy/local/running-stack.ts';
import { createTelemetry, startTelemetryServer } from '../../shared/telemetry/http.ts';
import { definition } from './doctor/facts-of-tests.ts';
import { readStackServices } from './stack-services.ts';

const log = '/p/reader.log';
const running = { ...ownIdentity(), kind: 'service', log } as const;
const stack = (changes: Partial<StackState> = {}): StackState => ({
  supervisor: ownIdentity(),
  since: '2026-11-20T09:15:02Z',
  processes: [],
  ended: [],
  environment: {},
  ...changes,
});

test.each([
  [
    'has given up',
    {
      ended: [
        { name: 'reader', state: 'given up', reason: 'ended with status 4', remedy: 'Repair it.', log },
      ],
    },
    { view: { state: 'stopped', detail: 'ended with status 4' }, log, remedy: 'Repair it.' },
  ],
  [
    'is about to be started again',
    { ended: [{ name: 'reader', state: 'restarting', reason: 'was ended by SIGKILL', log }] },
    { view: { state: 'restarting', detail: 'was ended by SIGKILL' }, log },
  ],
  [
    'is gone, and nobody has noticed yet',
    { processes: [{ ...running, name: 'reader', pid: running.pid, start: 'before', port: 1 }] },
    { view: { state: 'restarting' }, log },
  ],
  ['was never started', {}, { view: { state: 'stopped', detail: 'was not started with this stack' } }],
] satisfies [string, Partial<StackState>, object][])(
  'a service that %s is there',
  async (_, changes, expected) => {
    const services = await readStackServices(stack(changes), definition);
    expect(services.find(({ view }) => view.name === 'reader')).toMatchObject(expected);
  },
);

test('a service that is not ready says why', async () => {
  const telemetry = createTelemetry('slot');
  await using server = await startTelemetryServer(telemetry, { port: 0 });
  telemetry.readiness.notReady('slot', 'lost');
  const state = stack({ processes: [{ ...running, name: 'reader', port: server.port }] });
  const [reader] = await readStackServices(state, definition);
  expect(reader).toMatchObject({ view: { state: 'not ready', detail: 'slot: lost' }, log });
});

test('what the definition wants comes in the order of a row, then what the stack has besides', async () => {
  const demo = { ...running, name: 'demo' };
  const services = await readStackServices(stack({ processes: [demo] }), definition);
  expect(services.map(({ view }) => `${view.name} ${view.state}`)).toEqual([
    'reader stopped',
    'enricher fraud stopped',
    'writer stopped',
    'demo ready',
  ]);
  expect(await readStackServices(stack(), undefined)).toEqual([]);
});
