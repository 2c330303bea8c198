// The generated documents stay what the schema says. After a change: npm run test:unit -- -u shared/config/docs.test.ts
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { definitionJsonSchema } from './json-schema.ts';
import { settingsMarkdown } from './settings-table.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test("docs/afterglow.schema.json is the definition's schema", async () => {
  const json = `${JSON.stringify(definitionJsonSchema(), null, 2)}\n`;
  await expect(json).toMatchFileSnapshot('../../docs/afterglow.schema.json');
});

test('docs/definition.md has every setting with its meaning and default', async () => {
  const text = read('../../docs/definition.md');
  const between = /(<!-- settings: [^>]*-->\n)[\s\S]*(<!-- \/settings -->)/;
  expect(text).toMatch(between);
  const made = text.replace(
    between,
    (_, begin: string, end: string) => `${begin}\n${settingsMarkdown()}\n\n${end}`,
  );
  await expect(made).toMatchFileSnapshot('../../docs/definition.md');
});

test('the schema accepts what is shipped and refuses what the check refuses', () => {
  // "examples" and the like are for editors, not for the validator.
  const validate = new Ajv({ strict: false, allErrors: true }).compile(definitionJsonSchema());
  for (const path of ['../../afterglow.yaml', './fixtures/full.yaml']) {
    expect(validate(parseYaml(read(path))), JSON.stringify(validate.errors)).toBe(true);
  }
  const shipped = read('../../afterglow.yaml');
  for (const [from, to] of [
    ['pipeline: afterglow', 'pipeline: After'],
    ['from:', 'form:'],
    ['wait: 10ms', 'wait: 10'],
    ['rows: 100', 'rows: 0'],
    ['kind: sagemaker', 'kind: sagemakr'],
    ['score: float', 'score: text'],
    ['  fraud:', '  Fraud:'],
  ] as const) {
    expect(validate(parseYaml(shipped.replace(from, to))), to).toBe(false);
  }
});
