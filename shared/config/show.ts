// The definition as it takes effect: every default filled in, and nothing shown that came from the environment.
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Definition, definition as schema } from './definition.ts';
import type { Path } from './mistake.ts';
import type { SourceText } from './source-text.ts';

const HIDDEN = '•••••• (from the environment)';

/** As it would be written: durations and rates with their units. For --json; the printed form is showDefinition. */
export function effectiveDefinition(definition: Definition, source: SourceText): unknown {
  const hide = (value: unknown, path: Path): unknown => {
    if (source.isSecret(path)) return HIDDEN;
    if (Array.isArray(value)) return value.map((each, index) => hide(each, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hide(each, [...path, key])]));
  };
  return hide(z.encode(schema, definition), []);
}

export function showDefinition(definition: Definition, source: SourceText): string {
  return stringify(effectiveDefinition(definition, source), { lineWidth: 110 });
}
