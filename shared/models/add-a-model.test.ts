// docs/add-a-model.md reads a folder through: what it shows has to stand there, and the folders have to be as it says.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const FILES = ['config', 'input', 'request', 'response', 'limits', 'price', 'model'].map(
  (name) => `${name}.ts`,
);
const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** Each block of code with the file that was named last before it. */
async function excerpts(): Promise<readonly { readonly path: string; readonly code: string }[]> {
  const found: { path: string; code: string }[] = [];
  let path = '';
  const parts = /^`(shared\/models\/lambda\/\w+\.ts)`:|^```ts\n(.*?)\n```$/gms;
  for (const [, named, code] of (await read('docs/add-a-model.md')).matchAll(parts)) {
    if (named !== undefined) path = named;
    else if (code !== undefined) found.push({ path, code });
  }
  return found;
}

test('every excerpt stands in the file that it is said to be of, and each file of the folder has one', async () => {
  const shown = await excerpts();
  for (const { path, code } of shown) expect(await read(path), `${path}: ${code}`).toContain(code);
  const paths = new Set(shown.map(({ path }) => path));
  expect([...paths].toSorted()).toEqual(FILES.map((name) => `shared/models/lambda/${name}`).toSorted());
});

test('every kind is a folder with the same files', async () => {
  const entries = await readdir(new URL('shared/models/', ROOT), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders.length).toBeGreaterThanOrEqual(5);
  for (const folder of folders) {
    const files = await readdir(new URL(`shared/models/${folder}/`, ROOT));
    expect(files, folder).toEqual(expect.arrayContaining(FILES));
  }
});

test('every file and test that the page names is there', async () => {
  const page = await read('docs/add-a-model.md');
  const named = Array.from(
    page.matchAll(/`((?:shared|test|services)\/[\w/.-]+\.ts)`/g),
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(10);
  for (const path of named) expect(await read(path), path).not.toBe('');
});
