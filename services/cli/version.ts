import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of the package this file belongs to, wherever it is installed or compiled to. */
export function packageVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  const content: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const version =
    typeof content === 'object' && content !== null ? Reflect.get(content, 'version') : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
