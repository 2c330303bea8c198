import type { Definition, Source } from '../../shared/config/definition.ts';
import { nearest } from '../../shared/config/nearest.ts';
import { shadowedBy, shadowOf } from '../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import type { Invocation } from './invocation.ts';

/** The effective definition, for every command but `config check`, which says more about what is wrong. */
export async function requireDefinition(invocation: Invocation): Promise<Definition> {
  // Only here, since it brings the whole schema: help has to be there at once.
  const { loadDefinition } = await import('../../shared/config/parse.ts');
  const { definition, mistakes } = await loadDefinition(invocation.definitionFile, invocation.environment);
  if (definition !== undefined) return definition;
  const errors = mistakes.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const place = first === undefined ? '' : ` The first, in line ${first.line}: ${first.message}.`;
  throw new AfterglowError(
    'definition_invalid',
    `${invocation.definitionFile} has ${errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`}.${place}`,
  );
}

/** A name that the definition does not know is a slip of the pen: the nearest one is suggested. */
export function requireEnrichment(definition: Definition, name: string): void {
  const names = Object.keys(definition.enrichments);
  if (names.includes(name)) return;
  const meant = nearest(name, names);
  const hint = meant === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
  throw new AfterglowError('usage', `There is no enrichment "${name}". ${hint}`, {
    remedy: 'The names stand under `enrichments` in the definition file.',
  });
}

/** Of an enrichment that has a shadow; its name, whichever of the two was given. */
export function requirePair(definition: Definition, name: string): string {
  const enrichment = shadowedBy(name) ?? name;
  requireEnrichment(definition, enrichment);
  if (definition.enrichments[shadowOf(enrichment)] !== undefined) return enrichment;
  throw new AfterglowError('usage', `Enrichment ${enrichment} has no shadow.`, {
    remedy: `Add ${shadowOf(enrichment)} to the definition file, then run \`afterglow init\`.`,
  });
}

/** The same for a source. */
export function requireSource(definition: Definition, name: string): Source {
  const source = definition.sources[name];
  if (source !== undefined) return source;
  const names = Object.keys(definition.sources);
  const meant = nearest(name, names);
  const hint = meant === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
  throw new AfterglowError('usage', `There is no source "${name}". ${hint}`, {
    remedy: 'The names stand under `sources` in the definition file.',
  });
}
