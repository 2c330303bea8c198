// docs/events/asyncapi.yaml stays what the shipped definition and the schemas say. After a change run this file with -u.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { asyncApiDocument, asyncApiYaml } from './asyncapi.ts';

const text = readFileSync(new URL('../../../afterglow.yaml', import.meta.url), 'utf8');
const { definition } = parseDefinition(text, 'afterglow.yaml', {});
if (definition === undefined) throw new Error('the shipped definition has mistakes');
const document = asyncApiDocument(definition);

test('docs/events/asyncapi.yaml is the document of the shipped definition', async () => {
  await expect(asyncApiYaml(document)).toMatchFileSnapshot('../../../docs/events/asyncapi.yaml');
});

test('every reference in it leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path);
  expect(references.length).toBeGreaterThan(30);
  for (const path of new Set(references)) {
    const found = path?.split('/').reduce<unknown>((at, name) => Reflect.get(Object(at), name), document);
    expect(found, path).toBeDefined();
  }
});

const META_SCHEMA = JSON.parse(
  readFileSync(new URL('../../../test/support/asyncapi-3.0.0.schema.json', import.meta.url), 'utf8'),
) as object;

describe("AsyncAPI's own schema", () => {
  // Of formats it has only such as `uri` and `email`.
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(META_SCHEMA);

  test('finds the document right', () => {
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each([
    [
      'a channel without messages that are any',
      ['channels', 'enriched.fraud', 'messages', 'enriched.fraud'],
      7,
    ],
    ['a binding of the wrong form', ['channels', 'enriched.fraud', 'bindings', 'kafka', 'partitions'], 'six'],
    ['an operation that neither sends nor receives', ['operations', 'send.enriched.fraud', 'action'], 'emit'],
    ['a payload that is no schema', ['components', 'messages', 'enriched.fraud', 'payload', 'allOf'], 'all'],
    ['a field that it does not know', ['info', 'titel'], 'Topics'],
  ])('refuses %s', (_name, path, value) => {
    expect(validate(withValue(document, path, value))).toBe(false);
  });
});

function withValue(value: unknown, [name, ...rest]: readonly string[], put: unknown): unknown {
  if (name === undefined) return put;
  const object = Object(value) as Readonly<Record<string, unknown>>;
  return { ...object, [name]: withValue(object[name], rest, put) };
}

test.each([
  ['fraud', { score: 0.5 }, { score: 'high' }],
  ['embedding', { dimensions: 4, truncated: false, chunks: [] }, { score: 0.5 }],
])('the payload of %s has the result of its model, and no other', (enrichment, right, wrong) => {
  const examples = JSON.parse(
    readFileSync(new URL('../../../docs/events/examples.json', import.meta.url), 'utf8'),
  ) as { readonly 'enriched-event': readonly Record<string, unknown>[] };
  const [scored = {}, skipped = {}] = examples['enriched-event'];
  const ajv = new Ajv({ strict: false });
  ajv.addSchema({ $id: 'document', ...document });
  const validate = ajv.compile({
    $ref: `document#/components/messages/enriched.${enrichment}/payload`,
  });
  expect(validate({ ...scored, enrichment, result: right }), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...skipped, enrichment })).toBe(true);
  expect(validate({ ...scored, enrichment, result: wrong })).toBe(false);
  expect(validate({ ...scored, enrichment: 'another', result: right })).toBe(false);
});
