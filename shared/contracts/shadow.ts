// A changed model beside the one that counts: an enrichment of its own, called <enrichment>_shadow, with its own group, topic and
// tables, whose results nobody reads by accident. `afterglow cutover <enrichment>` makes it the one that counts.

const ENDING = '_shadow';

export const shadowOf = (enrichment: string): string => `${enrichment}${ENDING}`;

/** The enrichment beside which this one runs; undefined: it counts itself. */
export const shadowedBy = (enrichment: string): string | undefined =>
  enrichment.endsWith(ENDING) ? enrichment.slice(0, -ENDING.length) : undefined;

/** The other one of the two, whether or not it exists. */
export const counterpartOf = (enrichment: string): string => shadowedBy(enrichment) ?? shadowOf(enrichment);
