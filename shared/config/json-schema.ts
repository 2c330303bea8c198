// The definition's schema for editors, and its settings as a list for docs and help.
import { z } from 'zod';
import { definition } from './definition.ts';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** Draft 7, which is what editors know best. */
export function definitionJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(definition, { io: 'input', target: 'draft-7' }) as JsonSchema;
  return {
    ...allowEnvironment(schema),
    definitions: {
      environment: {
        type: 'string',
        pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\\}',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write, not a template.
        description: 'Taken from the environment when the definition is read: ${NAME} or ${NAME:-default}.',
      },
    },
  };
}

/** Any value that is not a plain text may be written as ${NAME} too; names of entries and a model's kind may not. */
function allowEnvironment(schema: JsonSchema): JsonSchema {
  if (isRestrictedValue(schema)) {
    const { description, default: fallback, examples, ...value } = schema;
    return {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(examples === undefined ? {} : { examples }),
      anyOf: [value, { $ref: '#/definitions/environment' }],
    };
  }
  const inside = (each: JsonSchema): JsonSchema => allowEnvironment(each);
  const { properties, additionalProperties, items, oneOf, anyOf } = schema;
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, each]) => [key, inside(each)]),
          ),
        }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: inside(additionalProperties) }
      : {}),
    ...(items === undefined ? {} : { items: inside(items) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(inside) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(inside) }),
  };
}

function isRestrictedValue(schema: JsonSchema): boolean {
  if (schema.const !== undefined || schema.properties !== undefined) return false;
  const { type } = schema;
  if (type === 'string') return schema.pattern !== undefined || schema.enum !== undefined;
  return type === 'number' || type === 'integer' || type === 'boolean';
}

export interface Setting {
  /** 'enrichments.<name>.model.batch.wait' */
  readonly path: string;
  /** The model kind it belongs to. */
  readonly kind?: string;
  readonly meaning: string;
  readonly isRequired: boolean;
  readonly default?: unknown;
  readonly example?: unknown;
}

/** Every setting there is, in the order of the file. */
export function settings(): readonly Setting[] {
  return settingsBelow(
    z.toJSONSchema(definition, { io: 'input', target: 'draft-7' }) as JsonSchema,
    '',
    undefined,
  );
}

function settingsBelow(schema: JsonSchema, path: string, kind: string | undefined): readonly Setting[] {
  const found: Setting[] = [];
  for (const [key, each] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? key : `${path}.${key}`;
    // The kind of a model stands in the heading of its settings.
    if (key === 'kind') continue;
    found.push(
      toSetting(each, at, schema.required?.includes(key) ?? false, kind),
      ...settingsBelow(each, at, kind),
    );
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') {
    found.push(...settingsBelow(additionalProperties, `${path}.<name>`, kind));
  }
  for (const each of schema.oneOf ?? []) {
    found.push(...settingsBelow(each, path, String(each.properties?.kind?.const)));
  }
  return found;
}

function toSetting(schema: JsonSchema, path: string, isRequired: boolean, kind: string | undefined): Setting {
  return {
    path,
    ...(kind === undefined ? {} : { kind }),
    meaning: schema.description ?? '',
    isRequired,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.examples?.[0] === undefined ? {} : { example: schema.examples[0] }),
  };
}
