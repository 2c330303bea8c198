// The look-ups of an enricher's process without the rest of it: first Valkey, then PostgreSQL, then a model that always answers.
import { expect } from 'vitest';
import { type AskedAnswer, PayOnce } from '../../services/enricher/pay-once.ts';
import { sharedRequests } from '../../services/enricher/shared-requests.ts';
import type { DatabasePool } from '../../shared/postgres/connect.ts';
import { readCacheSeal } from '../../shared/side-tables/cache-seal.ts';
import type { ValkeyAddress } from '../../shared/valkey/address.ts';
import { ValkeyAnswers } from '../../shared/valkey/answers.ts';
import { connectValkey } from '../../shared/valkey/client.ts';
import { ValkeyConnection } from '../../shared/valkey/connection.ts';
import { AnswerSeal } from '../../shared/valkey/seal.ts';

const DEADLINE_MS = 30_000;
const alive = new AbortController().signal;

/** What an enricher's process looks its answers up with. */
export interface LookingUp extends AsyncDisposable {
  /** Resolves with where the answer was found; `called`: what happens during the call, if there is one. */
  ask(text: string, called?: () => Promise<unknown>): Promise<string>;
  readonly calls: number;
  readonly heard: readonly string[];
}

export async function startLookingUp(
  database: DatabasePool,
  address: ValkeyAddress,
  answerMaxMs = DEADLINE_MS,
): Promise<LookingUp> {
  const heard: string[] = [];
  const secret = await readCacheSeal(database);
  if (secret === undefined) throw new Error('no secret');
  const connection = new ValkeyConnection({
    connect: () => connectValkey(address, DEADLINE_MS),
    observer: { away: (problem) => heard.push(`away: ${problem}`), back: () => heard.push('back') },
    answerMaxMs,
  });
  await connection.connected();
  const answers = new ValkeyAnswers(connection, new AnswerSeal(secret, 'local'), () => heard.push('refused'));
  const shared = sharedRequests({
    database,
    enrichment: 'embedding',
    observer: { paused: () => heard.push('paused'), resumed: () => heard.push('resumed') },
    valkey: answers,
    signals: { stopping: alive, aborting: alive },
  });
  const model = {
    id: { kind: 'titan-embedding', name: 'titan', version: '2' },
    parameters: {},
    requestText: ({ input }: { readonly input: unknown }) => String(input),
  };
  let calls = 0;
  return {
    async ask(text, called = () => Promise.resolve()) {
      let found = 'model';
      // A memory of its own each time: nothing but what processes share is looked up.
      const payOnce = new PayOnce<{ text: string }>(model, shared, {
        found: (layer) => {
          found = layer;
        },
        missed: () => {},
      });
      const asked: AskedAnswer<{ text: string }> = {
        outcome: { kind: 'ok', result: { text: `answer to ${text}` }, costNanoUsd: 140 },
        attempts: 1,
        modelMs: 1,
        batchRows: 1,
      };
      const { outcome } = await payOnce.answer({ input: text }, async () => {
        calls++;
        await called();
        return asked;
      });
      expect(outcome).toMatchObject({ kind: 'ok', result: { text: `answer to ${text}` } });
      return found;
    },
    get calls() {
      return calls;
    },
    heard,
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
