export interface KeyedRow {
  /** Given back with the row's result. */
  readonly key: string;
  readonly features: readonly number[];
}

/**
 * Keys that no other call has: a function that keeps something between two calls cannot answer one with what belongs to the
 * other.
 */
export function keyed(rows: readonly (readonly number[])[], callId: string): readonly KeyedRow[] {
  return rows.map((features, place) => ({ key: `${callId}-${place}`, features }));
}

/** The event that the function gets. */
export function payload(rows: readonly KeyedRow[]): string {
  return JSON.stringify(rows);
}
