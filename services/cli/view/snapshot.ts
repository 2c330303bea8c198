/** What the live view shows, as one value: collected in one place, drawn in another. */
export interface Snapshot {
  readonly elapsedMs: number;
  readonly parts: readonly PartView[];
  readonly services: readonly ServiceView[];
  /** Undefined until two readings are there. */
  readonly rates: RatesView | undefined;
  /** From commit in the database to the result beside the row, over the last seconds. */
  readonly latency: LatencyView | undefined;
  readonly lag: LagView | undefined;
  readonly flagged: RowTable;
  /** The demo's newest texts with what was read from them; undefined where there are none to show. */
  readonly reviews: RowTable | undefined;
  /** The latest thing that happened to the stack itself, such as a restart. */
  readonly notice: string | undefined;
  readonly isDemo: boolean;
}

export interface PartView {
  readonly title: string;
  readonly owner: 'embedded' | 'yours' | 'stand-in' | 'Amazon';
  readonly address: string;
}

export type ServiceState = 'starting' | 'ready' | 'not ready' | 'restarting' | 'stopped';

export interface ServiceView {
  readonly name: string;
  readonly state: ServiceState;
  /** Why it is not ready, in a few words. */
  readonly detail: string | undefined;
  readonly port: number | undefined;
  readonly restarts: number;
}

export interface RatesView {
  readonly inPerSecond: number;
  readonly scoredPerSecond: number;
  readonly writtenPerSecond: number;
}

export interface LatencyView {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly windowMs: number;
}

export interface LagView {
  /** Write-ahead log that the reader has not acknowledged. */
  readonly slotBytes: number | undefined;
  /** Rows in Kafka that enrichers and the writer have not taken. */
  readonly rows: number | undefined;
}

/** Rows, newest first. Cells are text from anybody: made harmless where they are drawn. */
export interface RowTable {
  readonly columns: readonly RowColumn[];
  readonly rows: readonly (readonly string[])[];
}

export interface RowColumn {
  readonly head: string;
  /** 0: whatever the others leave. */
  readonly width: number;
  readonly align: 'left' | 'right';
}
