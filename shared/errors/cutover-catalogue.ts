import type { CatalogueEntry } from './catalogue-entry.ts';

/** What keeps a shadow from becoming what counts. */
export const CUTOVER_CATALOGUE = {
  definition_before_cutover: {
    exit: 2,
    meaning: 'The definition has, under the name of an enrichment, the model that a cut-over has replaced.',
    remedy:
      'Write what counts now under that name. To go back, keep both in the definition and run `afterglow cutover --back`.',
  },
  cutover_refused: {
    exit: 1,
    meaning: 'The shadow does not have yet what it needs to become what counts.',
    remedy: 'Run `afterglow audit --repair`, or wait for its jobs: see `afterglow backfill list`.',
  },
  cutover_unfinished: {
    exit: 3,
    meaning:
      'Enrichers of the enrichment or of its shadow still run, so the offsets of their groups cannot be moved.',
    remedy:
      'Both wait until it is done: end processes that go on by an old definition, then run `afterglow cutover` again.',
  },
} as const satisfies Record<string, CatalogueEntry>;
