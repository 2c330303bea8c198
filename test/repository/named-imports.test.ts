// The test runner is kinder to CommonJS packages than Node is: what only it can import would fail at the first start.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isTest, type RepositoryFile, readRepository, repositoryFile } from './rule.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface NamedImport {
  readonly path: string;
  readonly package: string;
  readonly name: string;
}

/** `import { type A, b as c } from 'package'` imports b; Node's own modules are always right. */
function namedImports(file: RepositoryFile): readonly NamedImport[] {
  const imports = file.codeAndTexts.matchAll(
    /\bimport\s+(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*['"]([^'".][^'"]*)['"]/g,
  );
  return Array.from(imports).flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type ') && !from.startsWith('node:'))
      .map((name) => ({ path: file.path, package: from, name: name.split(' ', 1)[0] ?? '' })),
  );
}

function missingIn(imports: readonly NamedImport[]): readonly NamedImport[] {
  const packages = [...new Set(imports.map((one) => one.package))];
  const program = `
    const exported = {};
    for (const name of ${JSON.stringify(packages)}) exported[name] = Object.keys(await import(name));
    process.stdout.write(JSON.stringify(exported), () => process.exit());`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const exported = JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>;
  return imports.filter((one) => !exported[one.package]?.includes(one.name));
}

test('every name imported from a package is one that Node finds there', { timeout: 60_000 }, async () => {
  const { files } = await readRepository(ROOT);
  const imports = files.filter((file) => !isTest(file.path)).flatMap(namedImports);
  expect(imports.map((one) => one.package)).toContain('pino');
  const missing = missingIn(imports).map((one) => `${one.path}: ${one.name} from ${one.package}`);
  expect(missing, 'Import the default export and take the name from it.').toEqual([]);
});

test('a name that only the test runner finds is noticed', () => {
  const source = "import { type Admin, Kafka, ConfigResourceTypes as Types } from 'kafkajs';\n";
  const imports = namedImports(repositoryFile('shared/kafka/planted.ts', source));
  expect(imports.map((one) => one.name)).toEqual(['Kafka', 'ConfigResourceTypes']);
  expect(missingIn(imports).map((one) => one.name)).toEqual(['ConfigResourceTypes']);
});
