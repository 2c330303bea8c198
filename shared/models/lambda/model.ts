import { randomUUID } from 'node:crypto';
import { classify } from '../../aws/errors.ts';
import type { Lambda } from '../../aws/lambda.ts';
import { Fault } from '../../errors/policy.ts';
import { DEFAULT_PRICES, type Prices } from '../../spend/prices.ts';
import { withDeadline } from '../deadline.ts';
import type { Model, Outcome } from '../model.ts';
import { refusedAlone, rejected } from '../refusal.ts';
import { callWithSendable } from '../sendable.ts';
import { features } from './input.ts';
import { BYTES_MAX, batchLimits, deadlineMs, NUMBER_BYTES_MAX, ROW_BYTES_MAX } from './limits.ts';
import { callNanoUsd, type FunctionSize, sharesOf } from './price.ts';
import { keyed, payload } from './request.ts';
import { type Outputs, parseAnswer } from './response.ts';

/** The part of the definition's `model` that this kind reads; `timeout` and `batch.wait` in milliseconds. */
export interface LambdaModelConfig extends FunctionSize {
  readonly function: string;
  readonly qualifier?: string | undefined;
  readonly version: string;
  readonly batch: { readonly rows: number; readonly wait: number };
}

export interface LambdaModelOptions {
  /** Names of the outputs, in the order of the definition's `output`. */
  readonly outputs: readonly string[];
  readonly deadlineMs?: number;
  readonly prices?: Prices;
  /** What the keys of a call begin with: 8 characters that no other call has. */
  readonly newCallId?: () => string;
}

const CALL_ID_LENGTH = 8;

/** Rows of numbers to a function, many rows a call, joined by their keys. */
export function createLambdaModel(
  config: LambdaModelConfig,
  client: Lambda,
  options: LambdaModelOptions,
): Model<Outputs, Outputs> {
  const {
    outputs,
    prices = DEFAULT_PRICES,
    newCallId = () => randomUUID().slice(0, CALL_ID_LENGTH),
  } = options;
  const { function: name, qualifier } = config;
  const longestMs = options.deadlineMs ?? deadlineMs(config.timeout);
  const nanoUsd = callNanoUsd(config, prices);

  async function invoke(
    rows: readonly (readonly number[])[],
    signal: AbortSignal,
  ): Promise<readonly Outcome<Outputs>[]> {
    using limit = withDeadline(signal, longestMs);
    try {
      const sent = keyed(rows, newCallId());
      const event = payload(sent);
      if (Buffer.byteLength(event) > BYTES_MAX) {
        throw new Fault(
          'rejected_batch',
          'oversize',
          `${rows.length} rows are more than ${BYTES_MAX} bytes.`,
        );
      }
      const answer = await client.invoke({ function: name, qualifier, payload: event }, limit.signal);
      const keys = sent.map(({ key }) => key);
      return paid(parseAnswer(answer, keys, outputs), nanoUsd);
    } catch (error) {
      const fault = classify(error, { service: 'lambda', stopped: limit.stopped() });
      return refusedAlone(fault, rows.length, nanoUsd);
    }
  }

  return {
    id: { kind: 'lambda', name, version: config.version },
    parameters: { outputs, ...(qualifier === undefined ? {} : { qualifier }) },
    limits: batchLimits(config.batch),
    isPaidPerCall: true,
    boundNanoUsd: () => nanoUsd,
    itemsOf: ({ input }) => ({ kind: 'items', items: [{ input }] }),
    groupOf: () => '',
    bytesOf: ({ input }) => input.length * NUMBER_BYTES_MAX + ROW_BYTES_MAX,
    requestText: ({ input }) => (typeof input === 'string' ? input : input.join(',')),
    call: (items, signal) => callWithSendable(items.map(features), (rows) => invoke(rows, signal)),
    resultOf(_row, _items, [result]) {
      if (result === undefined) throw new RangeError('a row has one item, and one result');
      return result;
    },
  };
}

/** The rows of a call share what it costs, whatever became of each of them. */
function paid(results: readonly (Outputs | Fault)[], nanoUsd: number): readonly Outcome<Outputs>[] {
  const shares = sharesOf(nanoUsd, results.length);
  return results.map((result, place) => {
    const costNanoUsd = shares[place] ?? 0;
    return result instanceof Fault
      ? { ...rejected(result), costNanoUsd }
      : { kind: 'ok', result, costNanoUsd };
  });
}
