// Every rule is seen failing on a planted source, and holding its peace on the nearest thing that is allowed.
import { describe, expect, test } from 'vitest';
import { CONTENT_RULES } from './content-rules.ts';
import { IMPORT_RULES } from './import-rules.ts';
import { PACKAGE_RULES } from './package-rules.ts';
import { repositoryFile } from './rule.ts';
import { SIZE_RULES } from './size-rules.ts';
import { readSource } from './source-text.ts';

const RULES = [...IMPORT_RULES, ...CONTENT_RULES, ...SIZE_RULES, ...PACKAGE_RULES];

type Planted = readonly [path: string, content: string];

interface Case {
  readonly wrong: readonly Planted[];
  readonly right: readonly Planted[];
  readonly recordedLines?: Readonly<Record<string, number>>;
}

const lines = (count: number): string => 'const line = 1;\n'.repeat(count);
const imports = (specifier: string): string => `import { thing } from '${specifier}';\n`;
const assertion = "test('x', () => expect(1).toBe(1));\n";

const CASES: Readonly<Record<string, Case>> = {
  'imports follow the tree': {
    wrong: [
      ['services/reader/main.ts', imports('../writer/fence.ts')],
      ['services/reader/other.ts', imports('../writer/main.ts')],
      ['services/api/search.ts', "const late = await import('../cli/output.ts');\n"],
      ['shared/kafka/producer.ts', "export type { Row } from '../../services/reader/row.ts';\n"],
      ['shared/progress/prefix.test.ts', imports('../../test/support/wait.ts')],
      ['deploy/local/kafka.ts', imports('../../services/cli/main.ts')],
      ['services/writer/main.ts', imports('../../deploy/local/kafka.ts')],
      ['services/cli/status.ts', imports('../writer/fence.ts')],
    ],
    right: [
      ['services/reader/main.ts', imports('../../shared/kafka/producer.ts') + imports('./session.ts')],
      ['services/cli/commands/reader.ts', "const { run } = await import('../../reader/main.ts');\n"],
      ['services/cli/up/parts.ts', imports('../../../deploy/local/kafka.ts')],
      ['test/integration/way.test.ts', imports('../../services/writer/fence.ts') + assertion],
      ['services/api/text.ts', 'const shown = "import { thing } from \'../writer/fence.ts\'";\n'],
    ],
  },
  'clients stay behind their port': {
    wrong: [
      ['services/reader/main.ts', imports('kafkajs')],
      ['services/writer/rows.ts', "import type pg from 'pg';\n"],
      ['shared/kafka/slot.ts', imports('pg-logical-replication')],
      ['shared/models/sagemaker/model.ts', imports('@aws-sdk/client-sagemaker-runtime')],
      ['services/aws-local/server.ts', imports('@smithy/signature-v4')],
      ['shared/config/check.ts', imports('@marcbachmann/cel-js')],
    ],
    right: [
      ['shared/kafka/producer.ts', imports('kafkajs')],
      ['shared/postgres/connect.ts', imports('pg')],
      ['test/support/stack.ts', imports('pg')],
      ['services/reader/main.ts', imports('pino') + imports('../../shared/postgres/connect.ts')],
    ],
  },
  'no any': {
    wrong: [
      ['shared/a.ts', 'export function read(value: any): void {}\n'],
      ['shared/b.ts', 'const list = value as any[];\n'],
      ['shared/c.ts', 'const map = new Map<string, any>();\n'],
      ['shared/d.ts', 'const schema = z.any();\n'],
    ],
    right: [
      [
        'shared/a.ts',
        '// any of them: any\nconst text = "value: any";\nexpect.any(String);\nconst any = 1;\n',
      ],
      [
        'shared/b.ts',
        `const { any } = ways;\nconst pattern = /: any/;\nconst told = \`x: any \${any} as any\`;\n`,
      ],
    ],
  },
  'no console': {
    wrong: [['services/reader/main.ts', 'console.log(1);\n']],
    right: [['services/reader/main.ts', "// console.log\nlogger.info('console.log');\n"]],
  },
  'no sleeps in tests': {
    wrong: [
      ['test/integration/a.test.ts', `await new Promise((go) => setTimeout(go, 100));\n${assertion}`],
      ['shared/b.test.ts', `import { setTimeout as wait } from 'node:timers/promises';\n${assertion}`],
    ],
    right: [
      ['shared/batching/queue.ts', 'const timer = setTimeout(finish, waitMaxMs);\n'],
      ['test/support/wait.ts', "import { setTimeout as wait } from 'node:timers/promises';\n"],
      ['test/integration/c.test.ts', `socket.setTimeout(100);\n// setTimeout(\n${assertion}`],
    ],
  },
  'no bucket names': {
    wrong: [
      ['shared/utils/text.ts', ''],
      ['services/reader/helpers.ts', ''],
      ['test/common.test.ts', assertion],
      ['shared/lib/a.sql', ''],
    ],
    right: [
      ['shared/library-books.ts', ''],
      ['shared/errors/policy.ts', ''],
    ],
  },
  'side tables are named in one place': {
    wrong: [
      ['services/writer/rows.ts', "const sql = 'select 1 from afterglow_internal.state_fraud';\n"],
      ['services/api/schemas.ts', "const schemas = ['public', 'afterglow_internal'];\n"],
      ['services/api/search.ts', `const table = \`afterglow.\${enrichment}\`;\n`],
    ],
    right: [
      [
        'services/cli/help.ts',
        "const help = 'Makes the schemas afterglow and afterglow_internal, and a role.';\n",
      ],
      ['shared/side-tables/names.ts', "export const INTERNAL_SCHEMA = 'afterglow_internal';\n"],
      ['shared/side-tables/migrations/001_base.sql', 'create schema afterglow_internal;\n'],
      ['test/integration/a.test.ts', `const sql = 'select 1 from afterglow_internal.x';\n${assertion}`],
      [
        'services/enricher/headers.ts',
        `// afterglow_internal holds it\nconst type = \`dev.afterglow.\${kind}.v1\`;\n`,
      ],
    ],
  },
  'nothing is left to be done in comments': {
    wrong: [
      ['services/reader/main.ts', '// TODO: reconnect\n'],
      ['docs/architecture.md', 'FIXME\n'],
    ],
    right: [['services/reader/main.ts', "const word = 'TODO'; // what is to be done\n"]],
  },
  'every test file asserts something': {
    wrong: [['shared/a.test.ts', "// expect(nothing)\ntest('runs', () => { run(); });\n"]],
    right: [
      ['shared/a.test.ts', assertion],
      ['shared/b.test.ts', "test('x', () => assert.equal(1, 1));\n"],
      ['shared/c.ts', 'run();\n'],
    ],
  },
  'main.ts stays small': {
    wrong: [['services/writer/main.ts', lines(81)]],
    right: [
      ['services/writer/main.ts', lines(80)],
      ['services/writer/rows.ts', lines(81)],
    ],
  },
  'files do not grow': {
    recordedLines: { 'shared/long.ts': 320 },
    wrong: [
      ['shared/long.ts', lines(321)],
      ['shared/new.ts', lines(301)],
    ],
    right: [
      ['shared/long.ts', lines(320)],
      ['shared/new.ts', lines(300)],
      ['docs/long.md', lines(900)],
    ],
  },
  'the list of long files is up to date': {
    recordedLines: { 'shared/gone.ts': 320 },
    wrong: [['shared/other.ts', lines(10)]],
    right: [['shared/gone.ts', lines(10)]],
  },
  'package versions are exact': {
    wrong: [
      ['package.json', '{"dependencies":{"pg":"^8.0.0"}}'],
      ['deploy/cdk/package.json', '{"devDependencies":{"vitest":"latest"}}'],
    ],
    right: [['package.json', '{"dependencies":{"pg":"8.23.1"},"optionalDependencies":{"a":"1.0.0-rc.1"}}']],
  },
  'the lock file holds no addresses': {
    wrong: [['package-lock.json', '{"packages":{"x":{"resolved": "https://registry.example/x.tgz"}}}']],
    right: [['package-lock.json', '{"packages":{"x":{"version": "1.0.0", "integrity": "sha512-x"}}}']],
  },
};

test('every rule has planted sources', () => {
  expect(Object.keys(CASES)).toEqual(RULES.map((rule) => rule.name));
});

describe.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const { wrong, right, recordedLines = {} } = CASES[name] ?? { wrong: [], right: [] };

  test.each(wrong)('objects to %s', (path, content) => {
    const found = rule.check({ files: [repositoryFile(path, content)], recordedLines });
    expect(found).toHaveLength(1);
    expect(rule.reason.length).toBeGreaterThan(40);
  });

  test('lets pass what is allowed', () => {
    const files = right.map(([path, content]) => repositoryFile(path, content));
    expect(rule.check({ files, recordedLines })).toEqual([]);
  });
});

describe('code, comments and texts', () => {
  test.each([
    ['a comment', 'a(); // b\nc();', 'a();     \nc();'],
    ['a text with its quote inside', "a('b\\'c'); d();", "a('    '); d();"],
    [
      'a template with code inside',
      `a(\`b \${c + \`d \${e}\` } f\`); g();`,
      `a(\`  \${c + \`  \${e}\` }  \`); g();`,
    ],
    ['a regular expression with a slash and a quote', 'a(/[/\'"]\\//); b();', 'a(/       /); b();'],
    ['a division', 'a = b / c; d = e / f;', 'a = b / c; d = e / f;'],
    ['an address in a text', "a('http://b'); c();", "a('        '); c();"],
  ])('%s', (_name, source, code) => {
    expect(readSource(source).code).toBe(code);
  });
});
