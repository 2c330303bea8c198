// An enricher that calls as a role whose session ends before it said so.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createEnrichment, embedding, fraud, type Payment, sentiment } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 40;
const NAMES = ['fraud', 'sentiment', 'embedding'] as const;

/** Gives a new session whenever it is asked, as a container's role does. */
async function role() {
  let given = 0;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    const session = {
      AccessKeyId: `AFTERGLOWTEST${++given}`,
      SecretAccessKey: 'afterglow-test',
      Token: `session-${given}`,
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    response.end(JSON.stringify(session));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/credentials`,
    given: () => given,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

test.each(NAMES)(
  'an expired token of %s is refused once: new credentials are fetched, the call is repeated, nothing stops',
  {
    timeout: 400_000,
  },
  async (name) => {
    await using setting = await createEnrichment(fraud() + sentiment() + embedding());
    await using session = await role();
    const { awsLocal } = setting;
    const child = await setting.startProcess(name, {
      AFTERGLOW_AWS: 'real',
      AFTERGLOW_AWS_LOCAL_URL: undefined,
      AWS_ENDPOINT_URL: awsLocal.url,
      AWS_REGION: 'eu-central-1',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: session.url,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_PROFILE: undefined,
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SESSION_TOKEN: undefined,
    });
    const rows = (from: number): Payment[] =>
      Array.from({ length: ROWS }, (_, place) => ({
        id: from + place,
        note: `The lamp number ${from + place} is good.`,
      }));
    await setting.publish(rows(0));
    await setting.settled(ROWS, name, DEADLINE_MS);
    expect(session.given()).toBe(1);
    const rule = awsLocal.control.addFault({
      calls: 1,
      fault: { kind: 'named', name: 'ExpiredTokenException', status: 403 },
    });
    await setting.publish(rows(ROWS));
    const outcomes = firstsOf(await setting.settled(2 * ROWS, name, DEADLINE_MS));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(2 * ROWS).fill('scored'));
    expect(awsLocal.control.faults().find(({ id }) => id === rule)?.struck).toBe(1);
    expect(session.given()).toBe(2);
    expect(await setting.archived(name)).toBe(0);
    await until(() => child.stop(DEADLINE_MS), { deadlineMs: DEADLINE_MS, what: 'the end' });
    expect(child.output).not.toContain('ExpiredToken');
  },
);
