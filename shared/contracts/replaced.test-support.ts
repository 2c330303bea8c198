/** Every place of a JSON value, as a path of names. */
export function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, child]) => pathsOf(child, [...path, name]))];
}

/** The value with one place replaced, or left out by undefined; through JSON, so without holes in arrays. */
export function withReplaced(value: unknown, path: readonly string[], replacement: unknown): unknown {
  return JSON.parse(JSON.stringify(replaced(value, path, replacement)) ?? 'null');
}

function replaced(value: unknown, [name, ...rest]: readonly string[], replacement: unknown): unknown {
  if (name === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((child, index) => (String(index) === name ? replaced(child, rest, replacement) : child));
  }
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [name]: replaced(fields[name], rest, replacement) };
}
