// `afterglow/client`: the results of an enrichment for programs of other teams. See docs/topics.md.
export type { EnrichedEvent, EnrichedStatus, RowKey } from '../contracts/events.ts';
export { compareFences, comparePositions, type Fence, type Position } from '../contracts/position.ts';
export { AfterglowError } from '../errors/catalogue.ts';
export {
  type Change,
  type EnrichedRecord,
  type RowOutcome,
  type UnreadableReason,
  UnreadableRecord,
} from './change.ts';
export { Changes, type ChangesOptions } from './changes.ts';
export { type NewestResult, NewestResults } from './newest-results.ts';
export { type ReadOptions, readEnriched } from './read-enriched.ts';
export { decodeVectors, type Vectors } from './vectors.ts';
