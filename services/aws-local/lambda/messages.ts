// Between a function's thread and the stand-in.

export interface RuntimeData {
  /** Address of the module that exports `handler`. */
  readonly module: string;
  readonly name: string;
  readonly memoryMb: number;
}

export interface Invocation {
  /** JSON. */
  readonly event: string;
  readonly requestId: string;
  readonly timeoutMs: number;
}

/** The payload of a function that failed. */
export interface FunctionFailure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type Begun<Handler> =
  | { readonly kind: 'loaded'; readonly handler: Handler }
  | { readonly kind: 'failed'; readonly failure: FunctionFailure };

export type Ended =
  | { readonly kind: 'answered'; readonly payload: string }
  | { readonly kind: 'failed'; readonly failure: FunctionFailure };

export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unloadable'; readonly failure: FunctionFailure }
  | Ended;
