import { classify } from '../../aws/errors.ts';
import type { SagemakerRuntime } from '../../aws/sagemaker-runtime.ts';
import { Fault } from '../../errors/policy.ts';
import { withDeadline } from '../deadline.ts';
import type { Model, Outcome } from '../model.ts';
import { refusedAlone, rejected } from '../refusal.ts';
import { features } from './input.ts';
import { BYTES_MAX, batchLimits, DEADLINE_MS_DEFAULT, NUMBER_BYTES_MAX, ROW_BYTES_MAX } from './limits.ts';
import { COST_NANO_USD } from './price.ts';
import { type Format, requestBody } from './request.ts';
import { type Outputs, parseResponse } from './response.ts';

/** The part of the definition's `model` that this kind reads; `batch.wait` in milliseconds. */
export interface SagemakerModelConfig {
  readonly endpoint: string;
  readonly version: string;
  readonly format: Format;
  readonly batch?: { readonly rows?: number | undefined; readonly wait?: number | undefined } | undefined;
  readonly inference_component?: string | undefined;
  readonly target_variant?: string | undefined;
}

export interface SagemakerModelOptions {
  /** Names of the outputs, in the order of the definition's `output`. */
  readonly outputs: readonly string[];
  readonly deadlineMs?: number;
}

/** Rows of numbers to a SageMaker endpoint, many rows a call, aligned by their count. */
export function createSagemakerModel(
  config: SagemakerModelConfig,
  client: SagemakerRuntime,
  { outputs, deadlineMs = DEADLINE_MS_DEFAULT }: SagemakerModelOptions,
): Model<Outputs, Outputs> {
  async function score(
    rows: readonly (readonly number[])[],
    signal: AbortSignal,
  ): Promise<readonly Outputs[]> {
    const request = requestBody(rows, config.format);
    if (Buffer.byteLength(request.body) > BYTES_MAX) {
      throw new Fault('rejected_batch', 'oversize', `${rows.length} rows are more than ${BYTES_MAX} bytes.`);
    }
    using limit = withDeadline(signal, deadlineMs);
    try {
      const answer = await client.invokeEndpoint(
        {
          endpoint: config.endpoint,
          inferenceComponent: config.inference_component,
          targetVariant: config.target_variant,
          ...request,
        },
        limit.signal,
      );
      return parseResponse(answer, rows.length, outputs);
    } catch (error) {
      throw classify(error, { service: 'sagemaker', stopped: limit.stopped() });
    }
  }

  return {
    id: { kind: 'sagemaker', name: config.endpoint, version: config.version },
    parameters: { format: config.format, outputs, ...sentTo(config) },
    limits: batchLimits(config.batch),
    isPaidPerCall: false,
    boundNanoUsd: () => COST_NANO_USD,
    itemsOf: ({ input }) => ({ kind: 'items', items: [{ input }] }),
    groupOf: () => '',
    bytesOf: ({ input }) => input.length * NUMBER_BYTES_MAX + ROW_BYTES_MAX,
    requestText: ({ input }) => (typeof input === 'string' ? input : input.join(',')),
    resultOf: (_row, _items, results) => onlyResult(results),
    async call(items, signal) {
      const inputs = items.map(features);
      const rows = inputs.filter((input): input is readonly number[] => !(input instanceof Fault));
      const scored = rows.length === 0 ? [] : await outcomes(rows, (sent) => score(sent, signal));
      let next = 0;
      return inputs.map((input) => (input instanceof Fault ? rejected(input) : at(scored, next++)));
    },
  };
}

/** Which copy of a model answers may change what it says. */
function sentTo({ inference_component, target_variant }: SagemakerModelConfig) {
  return {
    ...(inference_component === undefined ? {} : { inference_component }),
    ...(target_variant === undefined ? {} : { target_variant }),
  };
}

function onlyResult(results: readonly Outputs[]): Outputs {
  const [result] = results;
  if (result === undefined) throw new RangeError('a row has one item, and one result');
  return result;
}

type Rows = readonly (readonly number[])[];

async function outcomes(
  rows: Rows,
  score: (rows: Rows) => Promise<readonly Outputs[]>,
): Promise<readonly Outcome<Outputs>[]> {
  try {
    const results = await score(rows);
    return results.map((result) => ({ kind: 'ok', result, costNanoUsd: COST_NANO_USD }));
  } catch (error) {
    return refusedAlone(error, rows.length);
  }
}

function at(scored: readonly Outcome<Outputs>[], place: number): Outcome<Outputs> {
  const outcome = scored[place];
  if (outcome === undefined) throw new Fault('contract', 'row_count', `Row ${place + 1} has no outcome.`);
  return outcome;
}
