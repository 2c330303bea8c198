// F20: the server gets another certificate while the reader runs, and every connection is made anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCapture, type TestCapture } from '../support/capture.ts';
import { startChild, type TestChild } from '../support/child.ts';
import { testParts, uniquePipelineName } from '../support/stack.ts';
import { AUTHORITY, type TlsFront, tlsFront } from '../support/tls-front.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

/** A reader whose every connection to the real server goes through TLS and is verified. */
async function startVerified(capture: TestCapture, front: TlsFront): Promise<TestChild> {
  const file = join(testParts().folder, `${uniquePipelineName()}.pem`);
  writeFileSync(file, AUTHORITY);
  const url = new URL(capture.database.url);
  url.host = `localhost:${front.port}`;
  const reader = await startChild('services/cli/main.ts', capture.process.arguments, {
    environment: { ...capture.process.environment, DATABASE_URL: url.href, AFTERGLOW_DATABASE_CA: file },
  });
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  return reader;
}

async function arrives(capture: TestCapture, ids: readonly number[]): Promise<void> {
  const seen = async (): Promise<string> => {
    const events = await readEvents(capture.topic('t'));
    return [...new Set(events.map(({ key }) => key))].toSorted().join();
  };
  const wanted = ids.map((id) => JSON.stringify({ id })).join();
  await until(async () => (await seen()) === wanted, {
    deadlineMs: DEADLINE_MS,
    what: `rows ${ids.join()} in Kafka`,
    everyMs: 200,
  });
}

test('a renewed certificate of the same authority: the reader connects again and loses nothing', {
  timeout: 400_000,
}, async () => {
  await using capture = await createCapture('create table t (id int primary key)', { t: 'public.t' });
  await using front = await tlsFront(capture.database.url, 'localhost');
  await using reader = await startVerified(capture, front);
  await capture.client.query('insert into t values (1)');
  await arrives(capture, [1]);
  front.present('localhost, renewed');
  front.cut();
  await capture.client.query('insert into t values (2)');
  await reader.outputMatching(/("msg":"streaming"[\s\S]*){2}/, DEADLINE_MS);
  await arrives(capture, [1, 2]);
  expect((await reader.stop(DEADLINE_MS)).status).toBe(0);
});

test('a certificate of another authority: the reader ends, says what to do, and acknowledges nothing meanwhile', {
  timeout: 400_000,
}, async () => {
  await using capture = await createCapture('create table t (id int primary key)', { t: 'public.t' });
  await using front = await tlsFront(capture.database.url, 'localhost');
  {
    await using reader = await startVerified(capture, front);
    await capture.client.query('insert into t values (1)');
    await arrives(capture, [1]);
    front.present('localhost, of another authority');
    front.cut();
    await capture.client.query('insert into t values (2)');
    expect(await reader.ended).toMatchObject({ status: 3 });
    expect(reader.output).toMatch(/has a certificate that is not accepted \((UNABLE_TO|SELF_SIGNED)/);
    expect(reader.output).toContain('AFTERGLOW_DATABASE_CA');
  }
  front.present('localhost');
  await using _again = await startVerified(capture, front);
  await arrives(capture, [1, 2]);
});
