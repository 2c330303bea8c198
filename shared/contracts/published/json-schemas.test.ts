// The published documents stay what the schemas say. After a change: npm run test:unit -- -u shared/contracts/published
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { PUBLISHED_NAMES, publishedSchema } from './json-schemas.ts';

test.each(PUBLISHED_NAMES)('docs/events/%s.schema.json is the schema of the events', async (name) => {
  const json = `${JSON.stringify(publishedSchema(name, 'readers'), null, 2)}\n`;
  await expect(json).toMatchFileSnapshot(`../../../docs/events/${name}.schema.json`);
});

test.each(PUBLISHED_NAMES)(
  'the schema of %s is a schema by its own dialect, for readers and writers',
  (name) => {
    for (const audience of ['readers', 'writers'] as const) {
      const schema = publishedSchema(name, audience);
      expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
      const ajv = new Ajv();
      expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
      expect(ajv.validateSchema({ ...schema, definitions: { broken: { type: 'text' } } })).toBe(false);
    }
  },
);

const EXAMPLES = JSON.parse(
  readFileSync(new URL('../../../docs/events/examples.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

test.each(PUBLISHED_NAMES)('the examples of %s are right for readers and writers', (name) => {
  for (const audience of ['readers', 'writers'] as const) {
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
      publishedSchema(name, audience),
    );
    expect(EXAMPLES[name]?.length).toBeGreaterThan(0);
    for (const example of EXAMPLES[name] ?? []) {
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(validate({ ...example, later: 1 })).toBe(audience === 'readers');
    }
  }
});
