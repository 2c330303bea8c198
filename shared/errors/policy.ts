// What may go wrong with a row, a batch or a model, and what is done about it: the one table. See docs/errors.md.

export type PolicyAction =
  | 'retry' // no attempt counted, fewer calls at once
  | 'pause' // the breaker opens, a canary probes, the consumer resumes
  | 'bisect' // halve the batch; alone, the row is rejected_item
  | 'fail_item' // this row is failed and archived, its neighbours go on
  | 'stop' // this enrichment stops, offsets unmoved, health red
  | 'budget' // pause, or over_budget, as configured
  | 'archive' // byte-exact to dead.capture, the stream goes on
  | 'end_process'; // the supervisor restarts it; the same row twice is failed as unknown

export interface Policy {
  readonly action: PolicyAction;
  readonly hint: string;
}

export const POLICY = {
  throttled: {
    action: 'retry',
    hint: 'The model is at its quota: lower model.rate or ask the service for more.',
  },
  unavailable: {
    action: 'pause',
    hint: 'The model does not answer: check that it is in service and reachable.',
  },
  rejected_batch: {
    action: 'bisect',
    hint: 'The model refused the batch: halved until the refused row stands alone.',
  },
  rejected_item: {
    action: 'fail_item',
    hint: 'The model refuses this row: correct the row, then replay it.',
  },
  contract: {
    action: 'bisect',
    hint: 'The answer does not fit the question (count, shape, not finite): check format and output of the model.',
  },
  input: {
    action: 'fail_item',
    hint: 'An expression failed on this row: see `afterglow config check` for its types.',
  },
  set_up: { action: 'stop', hint: 'Endpoint, permission or credentials are wrong: run `afterglow doctor`.' },
  budget: { action: 'budget', hint: 'The budget is spent: raise it, or wait for the next day (UTC).' },
  undecodable: { action: 'archive', hint: 'The change could not be decoded: it is kept in dead.capture.' },
  refused_by_database: {
    action: 'fail_item',
    hint: 'The side table refuses this row: the message says which rule.',
  },
  unknown: {
    action: 'end_process',
    hint: 'A defect or an error nobody named: nothing was committed, report it.',
  },
} as const satisfies Record<string, Policy>;

export type FaultKind = keyof typeof POLICY;

/** A fault of the row's way, with its kind. Its message never holds a row value. */
export class Fault extends Error {
  readonly kind: FaultKind;
  /** The service's own name for it, e.g. ThrottlingException. */
  readonly code: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;

  constructor(
    kind: FaultKind,
    code: string,
    message: string,
    details: { httpStatus?: number | undefined; requestId?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.kind = kind;
    this.code = code;
    this.httpStatus = details.httpStatus;
    this.requestId = details.requestId;
  }
}

/** Whatever was thrown, as a fault: what nobody named is unknown. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error ? error.name : typeof error;
  return new Fault('unknown', code, error instanceof Error ? error.message : 'not an Error', {
    cause: error,
  });
}
