import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InvokeRequest, Lambda } from '../../aws/lambda.ts';
import { Fault } from '../../errors/policy.ts';
import { BYTES_MAX, NUMBER_BYTES_MAX } from './limits.ts';
import { createLambdaModel, type LambdaModelConfig } from './model.ts';
import { keyed, payload } from './request.ts';

const CONFIG: LambdaModelConfig = {
  function: 'score-orders',
  version: '7',
  timeout: 10_000,
  memory_mb: 1_024,
  architecture: 'x86_64',
  batch: { rows: 100, wait: 10 },
};
/** $0.0000166667 x 10 GB-seconds, and $0.0000002. */
const CALL_NANO_USD = 166_867;
const SIGNAL = new AbortController().signal;

interface Row {
  readonly key: string;
  readonly features: readonly number[];
}
type Handler = (rows: readonly Row[]) => unknown;

/** A client whose function is this one. */
function running(handler: Handler): Lambda & { requests: InvokeRequest[] } {
  const requests: InvokeRequest[] = [];
  return {
    requests,
    async invoke(request) {
      requests.push(request);
      const answer = handler(JSON.parse(request.payload));
      if (answer instanceof Error) throw answer;
      return { payload: typeof answer === 'string' ? answer : JSON.stringify(answer), requestId: 'r-1' };
    },
    check: async () => undefined,
    close: () => undefined,
  };
}

const score = ({ key, features: [first = 0] }: Row) => ({ key, score: first });
const echo: Handler = (rows) => rows.map(score);
const modelOf = (client: Lambda, config: Partial<LambdaModelConfig> = {}, deadlineMs = 1_000) =>
  createLambdaModel({ ...CONFIG, ...config }, client, { outputs: ['score'], deadlineMs });
const items = (...values: number[]) => values.map((value) => ({ input: [value, 1] }));
const failed = (errorType?: string) =>
  Object.assign(new Error('The function failed.'), {
    name: 'FunctionError',
    errorType,
    $metadata: { httpStatusCode: 200, requestId: 'r-1' },
  });

test('the event is a list of keyed rows, to the function and the alias of the definition', async () => {
  const client = running(echo);
  const options = { outputs: ['score'], newCallId: () => 'c0ffee00' };
  const model = createLambdaModel(
    { ...CONFIG, qualifier: 'live', batch: { rows: 7, wait: 3 } },
    client,
    options,
  );
  await model.call(items(0.5, -0), SIGNAL);
  expect(client.requests).toEqual([
    {
      function: 'score-orders',
      qualifier: 'live',
      payload: '[{"key":"c0ffee00-0","features":[0.5,1]},{"key":"c0ffee00-1","features":[0,1]}]',
    },
  ]);
  expect(model.id).toEqual({ kind: 'lambda', name: 'score-orders', version: '7' });
  expect(model.limits).toEqual({ rowsMax: 7, bytesMax: BYTES_MAX, waitMaxMs: 3 });
});

test('rows share what the call costs, to the nano-dollar, also those that the function left out', async () => {
  const costs = async (handler: Handler, rows = items(1, 2, 3)) =>
    (await modelOf(running(handler)).call(rows, SIGNAL)).map(({ kind, costNanoUsd }) => [kind, costNanoUsd]);
  const shares = [55_623, 55_622, 55_622];
  expect(await costs(echo)).toEqual(shares.map((share) => ['ok', share]));
  expect(await costs(() => [])).toEqual(shares.map((share) => ['rejected', share]));
  expect(CALL_NANO_USD).toBe(55_623 + 55_622 + 55_622);
  for (const answer of [failed(), null, [{ key: 'nobody' }]]) {
    expect(await costs(() => answer, items(1))).toEqual([['rejected', CALL_NANO_USD]]);
  }
  const model = modelOf(running(echo));
  expect([items(1), items(1, 2, 3)].map((each) => model.boundNanoUsd(each))).toEqual([
    CALL_NANO_USD,
    CALL_NANO_USD,
  ]);
});

test('whatever rows come in and however the answer is bent, a score never lands on another row', async () => {
  const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN));
  const row = fc.array(value, { minLength: 2, maxLength: 2 });
  const bend = fc.constantFrom('none', 'short', 'extra', 'nan', 'reordered', 'repeated', 'old', 'nothing');
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), bend, async (rows, how) => {
      const model = modelOf(running((sent) => bent(sent.map(score), how)));
      const outcomes = await model
        .call(
          rows.map((input) => ({ input })),
          SIGNAL,
        )
        .catch((error: unknown) => error);
      if (!Array.isArray(outcomes)) {
        expect(outcomes).toMatchObject({ kind: 'contract' });
        expect(how).toMatch(/extra|old|nothing/);
        return;
      }
      expect(outcomes).toHaveLength(rows.length);
      for (const [place, outcome] of outcomes.entries()) {
        const input = rows[place] ?? [];
        if (outcome.kind === 'ok') expect(outcome.result.score).toBe((input[0] ?? Number.NaN) + 0);
        else expect(outcome.fault.kind).toBe(input.every(Number.isFinite) ? 'contract' : 'input');
      }
    }),
    { seed: 3 },
  );
});

function bent(results: readonly ReturnType<typeof score>[], how: string): unknown {
  if (how === 'short') return results.slice(1);
  if (how === 'extra') return [...results, { key: 'nobody', score: 0.5 }];
  if (how === 'nan') return results.with(-1, { ...results[0], score: null } as never);
  if (how === 'reordered') return results.toReversed();
  if (how === 'repeated') return [...results, { ...results[0], score: 0.5 }];
  if (how === 'old') return results.map((result, place) => ({ ...result, key: `00000000-${place}` }));
  return how === 'nothing' ? null : results;
}

test('what a function kept of an earlier call has keys that this one did not send', async () => {
  const kept: unknown[] = [];
  const model = modelOf(
    running((rows) => {
      kept.push(...(echo(rows) as unknown[]));
      return kept.slice(0, rows.length);
    }),
  );
  expect(await model.call(items(1, 2), SIGNAL)).toMatchObject([{ kind: 'ok' }, { kind: 'ok' }]);
  await expect(model.call(items(3, 4), SIGNAL)).rejects.toMatchObject({ kind: 'contract', code: 'key' });
});

describe('rows that never reach the function', () => {
  test('a row with a number that is none is refused alone, and its neighbours keep their places', async () => {
    const client = running(echo);
    const outcomes = await modelOf(client).call(items(1, Number.POSITIVE_INFINITY, 3), SIGNAL);
    expect(
      outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.result.score : outcome.fault.kind)),
    ).toEqual([1, 'input', 3]);
    expect(JSON.parse(client.requests[0]?.payload ?? '')).toHaveLength(2);
  });

  test('without a sendable row nothing is called, and nothing paid', async () => {
    const client = running(echo);
    expect((await modelOf(client).call([{ input: 'a text' }], SIGNAL))[0]?.kind).toBe('rejected');
    expect(client.requests).toEqual([]);
  });

  test('an event over the limit is refused before it is sent, as a batch to be halved', async () => {
    const client = running(echo);
    const wide = Array.from({ length: 2 }, () => ({
      input: new Array<number>(BYTES_MAX / 20).fill(1.23456789012),
    }));
    const refused = { kind: 'rejected_batch', code: 'oversize' };
    await expect(modelOf(client).call(wide, SIGNAL)).rejects.toMatchObject(refused);
    const [alone] = await modelOf(client).call(
      [{ input: [...wide, ...wide].flatMap(({ input }) => input) }],
      SIGNAL,
    );
    expect(alone).not.toHaveProperty('costNanoUsd');
    expect(client.requests).toEqual([]);
  });
});

describe('a function that fails', () => {
  test('refuses its batch, which is to be halved', async () => {
    const call = modelOf(running(() => failed('TypeError'))).call(items(1, 2), SIGNAL);
    await expect(call).rejects.toMatchObject({
      kind: 'rejected_batch',
      code: 'FunctionError',
      httpStatus: 200,
    });
  });

  test.each(['TypeError', 'Sandbox.Timedout', 'Runtime.ExitError'])(
    'over a single row (%s) is asked once more: then it is that row',
    async (type) => {
      const [outcome] = await modelOf(running(() => failed(type))).call(items(1), SIGNAL);
      expect(outcome).toMatchObject({ kind: 'rejected', isWorthOneRetry: true });
      expect(outcome).toMatchObject({ fault: { kind: 'rejected_item' } });
    },
  );

  test('because it cannot be loaded is not set up, however many rows were sent', async () => {
    for (const rows of [items(1), items(1, 2)]) {
      const call = modelOf(running(() => failed('Runtime.ImportModuleError'))).call(rows, SIGNAL);
      await expect(call).rejects.toMatchObject({ kind: 'set_up', code: 'Runtime.ImportModuleError' });
    }
  });

  test('never has what it says repeated: it may quote the row', async () => {
    const fault: unknown = await modelOf(running(() => failed('4711.25')))
      .call(items(1, 2), SIGNAL)
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(JSON.stringify(fault) + String(fault) + String((fault as Fault).stack)).not.toContain('4711');
    expect((fault as Fault).cause).toBeUndefined();
  });
});

test('our deadline ends a call that nobody answers, later than the function’s own time-out would', async () => {
  const silent: Lambda = {
    invoke: (_request, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () =>
          reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' })),
        );
      }),
    check: async () => undefined,
    close: () => undefined,
  };
  const call = modelOf(silent, {}, 1).call(items(1), SIGNAL);
  await expect(call).rejects.toMatchObject({ kind: 'unavailable', code: 'deadline' });
});

test('a row is one item, named by exactly its features, and its result is its answer', () => {
  const model = modelOf(running(echo));
  const row = { input: [12.5, -2.2250738585072014e-308, 0] };
  expect(model.itemsOf(row)).toEqual({ kind: 'items', items: [row] });
  expect(model.requestText(row)).toBe('12.5,-2.2250738585072014e-308,0');
  expect(model.resultOf(row, [row], [{ score: 0.5 }])).toEqual({ score: 0.5 });
  expect(model.isPaidPerCall).toBe(true);
});

test('an event is never longer than its rows were counted', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(-2.2250738585072014e-308),
  );
  const rows = fc.array(fc.array(number, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 9 });
  const model = modelOf(running(echo));
  fc.assert(
    fc.property(rows, (inputs) => {
      const counted = inputs.reduce((sum, input) => sum + model.bytesOf({ input }), 0);
      expect(payload(keyed(inputs, 'c0ffee00')).length).toBeLessThanOrEqual(counted + '[]'.length);
    }),
    { seed: 3 },
  );
  expect(model.bytesOf({ input: [1] })).toBeGreaterThan(NUMBER_BYTES_MAX);
});

test('another alias, version, function or output is remembered apart; time-out and memory are not', () => {
  const remembered = (config: Partial<LambdaModelConfig>, outputs = ['score']) => {
    const { id, parameters } = createLambdaModel({ ...CONFIG, ...config }, running(echo), { outputs });
    return JSON.stringify([id, parameters]);
  };
  const seen = [{}, { qualifier: 'live' }, { version: '8' }, { function: 'other' }].map((each) =>
    remembered(each),
  );
  expect(new Set([...seen, remembered({}, ['risk'])]).size).toBe(5);
  expect(remembered({ timeout: 1_000, memory_mb: 128, architecture: 'arm64' })).toBe(remembered({}));
});
