// After a cut-over the database has an enrichment and its shadow the other way round than the file, until somebody changes
// the file. Everything goes by the database: whoever reads the file exchanges the two.
import { shadowOf } from '../contracts/shadow.ts';
import type { Definition, Enrichment } from './definition.ts';
import { revisionContent } from './revision.ts';

/** Newest registered definition of each enrichment. */
export type Registered = ReadonlyMap<string, { readonly sha256: string }>;

/** The definition as it is in force. The very same object when nothing has changed places. */
export function definitionInForce(definition: Definition, registered: Registered): Definition {
  const changes: [string, Enrichment][] = [];
  for (const [name, enrichment] of Object.entries(definition.enrichments)) {
    const shadowName = shadowOf(name);
    const shadow = definition.enrichments[shadowName];
    if (shadow === undefined || !haveChangedPlaces(definition, name, registered)) continue;
    changes.push([name, shadow], [shadowName, enrichment]);
  }
  if (changes.length === 0) return definition;
  return { ...definition, enrichments: { ...definition.enrichments, ...Object.fromEntries(changes) } };
}

function haveChangedPlaces(definition: Definition, name: string, registered: Registered): boolean {
  const shadowName = shadowOf(name);
  const own = revisionContent(definition, name).sha256;
  const shadow = revisionContent(definition, shadowName).sha256;
  return (
    own !== shadow && registered.get(name)?.sha256 === shadow && registered.get(shadowName)?.sha256 === own
  );
}

/**
 * Enrichments that the file would bring back to the model that a cut-over has replaced, with nothing there that says so: they
 * were cut over, and the file still has, or has again, what now is the shadow's.
 */
export function broughtBack(
  definition: Definition,
  registered: Registered,
  cutOver: ReadonlySet<string>,
): readonly string[] {
  const inForce = definitionInForce(definition, registered);
  return Object.keys(inForce.enrichments).filter((name) => {
    if (!cutOver.has(name)) return false;
    const { sha256 } = revisionContent(inForce, name);
    return registered.get(name)?.sha256 !== sha256 && registered.get(shadowOf(name))?.sha256 === sha256;
  });
}

/**
 * Enrichments that were cut over, and that the file has as they were before with something changed: what it calls the shadow
 * counts, and what it has under the name is neither of the two. It would count without having been beside it.
 */
export function changedBeforeExchange(
  definition: Definition,
  registered: Registered,
  cutOver: ReadonlySet<string>,
): readonly string[] {
  const inForce = definitionInForce(definition, registered);
  return Object.keys(inForce.enrichments).filter((name) => {
    if (!cutOver.has(name) || inForce.enrichments[shadowOf(name)] === undefined) return false;
    const counting = registered.get(name)?.sha256;
    return (
      revisionContent(inForce, shadowOf(name)).sha256 === counting &&
      revisionContent(inForce, name).sha256 !== counting
    );
  });
}
