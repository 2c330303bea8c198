// What may change an outcome, in one form that equal meanings share: two definitions with this hash give equal results.
import { createHash } from 'node:crypto';
import type { Definition, Enrichment } from './definition.ts';

export interface RevisionContent {
  /** Canonical JSON: kept beside the revision, and what the hash is of. */
  readonly json: string;
  readonly sha256: string;
}

/** How fast a model is called changes no outcome, and what a call may cost neither. */
const PACE_AND_PRICE = new Set(['batch', 'rate', 'timeout', 'memory_mb', 'architecture']);

/** The source counts by its table: the same name over another table is another enrichment. */
export function revisionContent(definition: Definition, name: string): RevisionContent {
  const enrichment = definition.enrichments[name];
  if (enrichment === undefined) throw new RangeError(`no enrichment ${name}`);
  const { from, when, model, input, output, flag, decide } = enrichment;
  const table = definition.sources[from]?.table;
  const effectiveModel = Object.fromEntries(
    Object.entries(model).filter(([key]) => !PACE_AND_PRICE.has(key)),
  );
  return hashed({ from, table, when, model: effectiveModel, input, output, flag, decide });
}

/**
 * Of all revisions of an enrichment, by what they were: those that differ from this one in `flag`, `decide` and the name of their source at most. What
 * they asked of a row is what it asks, so their results are its results, judged otherwise.
 */
export function equallyAskingRevisions(
  contents: ReadonlyMap<number, unknown>,
  revision: number,
): readonly number[] {
  const asked = askedBy(contents.get(revision));
  return [...contents.keys()].filter((each) => askedBy(contents.get(each)) === asked);
}

const askedBy = (content: unknown): string =>
  canonicalJson({ ...Object(content), from: undefined, flag: undefined, decide: undefined });

/** Which flag and rules made a decision: short, since it travels with every result. */
export function policyVersion({ flag, decide }: Pick<Enrichment, 'flag' | 'decide'>): string {
  return hashed({ flag, decide }).sha256.slice(0, 12);
}

function hashed(content: unknown): RevisionContent {
  const json = canonicalJson(content);
  return { json, sha256: createHash('sha256').update(json).digest('hex') };
}

/** Keys in order, nothing undefined: the order in which a file lists settings is not part of their meaning. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
