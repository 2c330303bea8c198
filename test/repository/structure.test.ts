// What a machine can hold of the design and of our habits; each rule tells its reason to whoever breaks it.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CONTENT_RULES } from './content-rules.ts';
import { IMPORT_RULES } from './import-rules.ts';
import { PACKAGE_RULES } from './package-rules.ts';
import { readRepository } from './rule.ts';
import { SIZE_RULES } from './size-rules.ts';

const repository = await readRepository(fileURLToPath(new URL('../..', import.meta.url)));

for (const rule of [...IMPORT_RULES, ...CONTENT_RULES, ...SIZE_RULES, ...PACKAGE_RULES]) {
  test(rule.name, () => {
    const found = rule.check(repository);
    expect(found, `${rule.reason}\n${found.join('\n')}\n`).toEqual([]);
  });
}

test('the files are really looked at', () => {
  const paths = repository.files.map((file) => file.path);
  expect(paths).toContain('package.json');
  expect(paths).toContain('shared/errors/policy.ts');
  expect(paths).toContain('services/cli/demo/schema.sql');
  expect(paths.length).toBeGreaterThan(80);
});
