import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Ended, FunctionFailure, Invocation, RuntimeData, RuntimeMessage } from './messages.ts';

/** A function as `startAwsLocal` is given it. */
export interface FunctionSettings {
  /** A module that exports `handler(event, context)`, as Lambda's Node runtime takes it: path or address. */
  readonly module: string | URL;
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  /** Environments at once: what is called beyond it is refused. */
  readonly concurrency?: number;
}

export type FunctionSize = Required<Omit<FunctionSettings, 'module'>>;

/** A cold start has time of its own. */
const LOADING_MAX_MS = 10_000;

/** One execution environment of a function, a thread: warm between calls, one call at a time, over when it ended by itself. */
export class Environment {
  readonly #worker: Worker;
  #hears: ((message: RuntimeMessage) => void) | undefined;
  #isOver = false;

  private constructor(data: RuntimeData) {
    this.#worker = new Worker(new URL(`./runtime${extname(import.meta.url)}`, import.meta.url), {
      workerData: data,
      stdout: true, // what a function prints may hold rows, and is nobody's log
      stderr: true,
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (message: RuntimeMessage) => this.#tell(message));
    this.#worker.on('error', (error) => this.#end(failureOf(error)));
    this.#worker.on('exit', (status) => this.#end(exited(status)));
  }

  /** An environment, or why the function cannot be loaded. */
  static async begin(data: RuntimeData): Promise<Environment | FunctionFailure> {
    const environment = new Environment(data);
    const heard = await environment.#ask(undefined, LOADING_MAX_MS, data.name);
    if (heard.kind === 'ready') return environment;
    await environment.close();
    if (heard.kind === 'answered') return exited(0); // it speaks before it is asked
    return heard.failure;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async invoke(invocation: Invocation): Promise<Ended> {
    const heard = await this.#ask(invocation, invocation.timeoutMs, invocation.requestId);
    if (heard.kind === 'answered' || heard.kind === 'failed') return heard;
    return { kind: 'failed', failure: exited(0) };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  async #ask(invocation: Invocation | undefined, maxMs: number, about: string): Promise<RuntimeMessage> {
    const { promise, resolve } = Promise.withResolvers<RuntimeMessage>();
    this.#hears = resolve;
    const timer = setTimeout(() => this.#end(timedOut(about, maxMs)), maxMs);
    if (invocation !== undefined) this.#worker.postMessage(invocation);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#hears = undefined;
    }
  }

  #tell(message: RuntimeMessage): void {
    this.#hears?.(message);
  }

  #end(failure: FunctionFailure): void {
    this.#tell({ kind: 'failed', failure });
    if (!this.#isOver) void this.close();
  }
}

export function moduleAddress(module: string | URL): string {
  return typeof module === 'string' ? pathToFileURL(module).href : module.href;
}

function failureOf(error: unknown): FunctionFailure {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message };
  return { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited with error' };
}

function exited(status: number): FunctionFailure {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `Error: Runtime exited with error: exit status ${status}`,
  };
}

function timedOut(about: string, maxMs: number): FunctionFailure {
  const seconds = (maxMs / 1_000).toFixed(2);
  const at = new Date().toISOString();
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `${at} ${about} Task timed out after ${seconds} seconds`,
  };
}
