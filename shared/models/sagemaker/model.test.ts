import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndpointRequest, SagemakerRuntime } from '../../aws/sagemaker-runtime.ts';
import { Fault } from '../../errors/policy.ts';
import { BYTES_MAX } from './limits.ts';
import { createSagemakerModel } from './model.ts';
import { requestBody } from './request.ts';

const CONFIG = { endpoint: 'fraud-xgboost', version: '2026-10', format: 'csv' } as const;
const SIGNAL = new AbortController().signal;

/** A client whose container is a function of the request's body. */
function runtime(
  container: (body: string) => string | Error,
): SagemakerRuntime & { requests: EndpointRequest[] } {
  const requests: EndpointRequest[] = [];
  return {
    requests,
    async invokeEndpoint(request) {
      requests.push(request);
      const body = container(request.body);
      if (body instanceof Error) throw body;
      return { body, contentType: 'text/csv', requestId: 'r-1' };
    },
    close: () => undefined,
  };
}

const firstColumns = (body: string): string[] => body.split('\n').map((line) => line.split(',')[0] ?? '');
const echo = (body: string): string => firstColumns(body).join('\n');
const modelOf = (client: SagemakerRuntime, deadlineMs = 1_000) =>
  createSagemakerModel(CONFIG, client, { outputs: ['score'], deadlineMs });
const items = (...values: number[]) => values.map((value) => ({ input: [value, 1] }));
const modelError = (status: number) =>
  Object.assign(new Error('quotes 4711.25'), { name: 'ModelError', OriginalStatusCode: status });

test('the request names endpoint, component and variant, and the outcome costs nothing', async () => {
  const client = runtime(echo);
  const config = { ...CONFIG, inference_component: 'blue', target_variant: 'b', batch: { rows: 7, wait: 3 } };
  const model = createSagemakerModel(config, client, { outputs: ['score'] });
  expect(await model.call(items(0.5), SIGNAL)).toEqual([
    { kind: 'ok', result: { score: 0.5 }, costNanoUsd: 0 },
  ]);
  expect(client.requests).toEqual([
    {
      endpoint: 'fraud-xgboost',
      body: '0.5,1',
      contentType: 'text/csv',
      accept: 'text/csv',
      inferenceComponent: 'blue',
      targetVariant: 'b',
    },
  ]);
  expect(model.id).toEqual({ kind: 'sagemaker', name: 'fraud-xgboost', version: '2026-10' });
  expect(model.limits).toEqual({ rowsMax: 7, bytesMax: BYTES_MAX, waitMaxMs: 3 });
});

test('whatever rows come in and however many the container answers, a score never lands on another row', async () => {
  const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN));
  const row = fc.array(value, { minLength: 2, maxLength: 2 });
  const bend = fc.constantFrom('none', 'short', 'extra', 'nan', 'one line', 'nothing');
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), bend, async (rows, how) => {
      const model = modelOf(runtime((body) => bent(firstColumns(body), how)));
      const outcomes = await model
        .call(
          rows.map((input) => ({ input })),
          SIGNAL,
        )
        .catch((error: unknown) => error);
      if (!Array.isArray(outcomes)) {
        expect(outcomes).toMatchObject({ kind: 'contract' });
        expect(how).not.toMatch(/none|one line/);
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

function bent(scores: readonly string[], how: string): string {
  if (how === 'short') return scores.slice(1).join('\n');
  if (how === 'extra') return [...scores, '0.5'].join('\n');
  if (how === 'nan') return scores.with(-1, 'nan').join('\n');
  if (how === 'nothing') return '';
  return scores.join(how === 'one line' ? ',' : '\n');
}

describe('rows that never reach the model', () => {
  test('a row with a number that is none is refused alone, and its neighbours keep their places', async () => {
    const client = runtime(echo);
    const outcomes = await modelOf(client).call(items(1, Number.POSITIVE_INFINITY, 3), SIGNAL);
    expect(
      outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.result.score : outcome.fault.kind)),
    ).toEqual([1, 'input', 3]);
    expect(client.requests[0]?.body).toBe('1,1\n3,1');
  });

  test('without a sendable row nothing is called', async () => {
    const client = runtime(echo);
    expect((await modelOf(client).call([{ input: 'a text' }], SIGNAL))[0]?.kind).toBe('rejected');
    expect(client.requests).toEqual([]);
  });

  test('a body over the limit is refused before it is sent, as a batch to be halved', async () => {
    const client = runtime(echo);
    const wide = Array.from({ length: 2 }, () => ({
      input: new Array<number>(BYTES_MAX / 20).fill(1.23456789012),
    }));
    await expect(modelOf(client).call(wide, SIGNAL)).rejects.toMatchObject({
      kind: 'rejected_batch',
      code: 'oversize',
    });
    expect(client.requests).toEqual([]);
  });
});

describe('refusals', () => {
  test('of a batch reject the call', async () => {
    const call = modelOf(runtime(() => modelError(400))).call(items(1, 2), SIGNAL);
    await expect(call).rejects.toMatchObject({ kind: 'rejected_batch', code: 'ModelError_400' });
  });

  test('of a single row are that row’s outcome', async () => {
    const [outcome] = await modelOf(runtime(() => modelError(400))).call(items(1), SIGNAL);
    expect(outcome).toMatchObject({ kind: 'rejected', fault: { kind: 'rejected_item' } });
  });

  test('an outage rejects the call for a single row too', async () => {
    const call = modelOf(runtime(() => modelError(503))).call(items(1), SIGNAL);
    await expect(call).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('never repeat what the service said about the row', async () => {
    for (const status of [0, 400, 500]) {
      const fault: unknown = await modelOf(runtime(() => modelError(status)))
        .call(items(1, 2), SIGNAL)
        .catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(Fault);
      expect(JSON.stringify(fault) + String(fault) + String((fault as Fault).stack)).not.toContain('4711');
      expect((fault as Fault).cause).toBeUndefined();
    }
  });
});

describe('the end of a call', () => {
  /** A container that never answers: only the signal ends the call, as the real client does. */
  const silent: SagemakerRuntime = {
    invokeEndpoint: (_request, signal) =>
      new Promise((_resolve, reject) => {
        const abort = (): void => reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }));
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort);
      }),
    close: () => undefined,
  };

  test('by our deadline is an outage of the model', async () => {
    const call = modelOf(silent, 1).call(items(1), SIGNAL);
    await expect(call).rejects.toMatchObject({ kind: 'unavailable', code: 'deadline' });
  });

  test('by the caller’s signal is told from the deadline', async () => {
    const stopping = new AbortController();
    const call = modelOf(silent, 60_000).call(items(1), stopping.signal);
    stopping.abort();
    await expect(call).rejects.toMatchObject({ kind: 'unavailable', code: 'shutdown' });
    await expect(modelOf(silent).call(items(1), stopping.signal)).rejects.toMatchObject({ code: 'shutdown' });
  });
});

test('a row is one item, counted in bytes by an upper bound, and named by exactly what would be sent', () => {
  const model = modelOf(runtime(echo));
  const row = { input: [12.5, -2.2250738585072014e-308, 0] };
  expect(model.itemsOf(row)).toEqual({ kind: 'items', items: [row] });
  expect(model.requestText(row)).toBe('12.5,-2.2250738585072014e-308,0');
  expect(model.bytesOf(row)).toBeGreaterThanOrEqual(model.requestText(row).length + 1);
  expect(model.resultOf(row, [row], [{ score: 0.5 }])).toEqual({ score: 0.5 });
  expect(model.isPaidPerCall).toBe(false);
});

test('a body is never longer than its items were counted, in any format', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(-2.2250738585072014e-308),
  );
  const rows = fc.array(fc.array(number, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(rows, fc.constantFrom('csv', 'json', 'jsonl'), (inputs, format) => {
      const model = createSagemakerModel({ ...CONFIG, format }, runtime(echo), { outputs: ['score'] });
      const counted = inputs.reduce((sum, input) => sum + model.bytesOf({ input }), 0);
      expect(requestBody(inputs, format).body.length).toBeLessThanOrEqual(
        counted + '{"instances":[]}'.length,
      );
    }),
    { seed: 3 },
  );
});

test('what asks another copy or in another format is remembered apart', () => {
  const parametersOf = (config: object) =>
    createSagemakerModel({ ...CONFIG, ...config }, runtime(echo), { outputs: ['score'] }).parameters;
  const seen = [{}, { format: 'json' }, { inference_component: 'blue' }, { target_variant: 'b' }].map(
    (config) => JSON.stringify(parametersOf(config)),
  );
  expect(new Set(seen).size).toBe(seen.length);
});
