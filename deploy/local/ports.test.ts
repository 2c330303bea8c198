import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { choosePort, LOOPBACK, probePort } from './ports.ts';

const probeWith =
  (busy: readonly number[]) =>
  async (port: number): Promise<number | undefined> =>
    port === 0 ? 40_000 : busy.includes(port) ? undefined : port;

test.each([
  ['the wish, when it is free', [55_432], [], [], { port: 55_432 }],
  ['the remembered one before the wish', [40_001, 55_432], [], [], { port: 40_001 }],
  [
    'the wish, when the remembered one is busy',
    [40_001, 55_432],
    [40_001],
    [],
    { port: 55_432, busy: 40_001 },
  ],
  ['any other, when all wishes are busy', [55_432], [55_432], [], { port: 40_000, busy: 55_432 }],
  ['any other, when the wish is taken by ourselves', [55_432], [], [55_432], { port: 40_000, busy: 55_432 }],
  ['any one, without a wish', [undefined, 0], [], [], { port: 40_000 }],
])('chosen is %s', async (_, wishes, busy, taken, chosen) => {
  expect(await choosePort(wishes, taken, probeWith(busy))).toEqual(chosen);
});

test('a port is busy while somebody listens on it, on all addresses too', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '0.0.0.0', port: 0 }, resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  expect(await probePort(address.port)).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  expect(await probePort(address.port)).toBe(address.port);
  expect(LOOPBACK).toBe('127.0.0.1');
});
