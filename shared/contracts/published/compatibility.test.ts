import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { incompatibilities } from './compatibility.ts';
import { type JsonSchema, PUBLISHED_NAMES, publishedSchema } from './json-schemas.ts';

const ROOT = new URL('../../../', import.meta.url);
const RELEASED = new URL('docs/events/released/', ROOT);
const json = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });

const base = z.object({
  key: z.record(z.string(), z.string()),
  status: z.literal('scored'),
  kind: z.enum(['a', 'b']),
  note: z.string().exactOptional(),
  list: z.array(z.object({ start: z.int() })),
});
const union = z.discriminatedUnion('status', [base, z.object({ status: z.literal('truncated') })]);

describe('a change that consumers of the released schema do not notice', () => {
  test.each([
    ['none', base, base],
    ['a new optional field', base, base.extend({ later: z.string().exactOptional() })],
    [
      'a new optional field of an entry',
      base,
      base.extend({ list: z.array(z.object({ start: z.int(), end: z.int().exactOptional() })) }),
    ],
    ['another description', base, base.extend({ key: base.shape.key.describe('The key.') })],
    [
      'another order of the branches',
      union,
      z.discriminatedUnion('status', [z.object({ status: z.literal('truncated') }), base]),
    ],
  ])('%s', (_name, released, current) => {
    expect(incompatibilities(json(released), json(current))).toEqual([]);
  });
});

describe('a change that needs a new major version', () => {
  test.each([
    ['a new required field', base.extend({ later: z.string() }), /later of the event is required now/],
    ['a field that went', base.omit({ note: true }), /note of the event is gone/],
    [
      'a required field that may be absent',
      base.partial({ key: true }),
      /key of the event may be absent now/,
    ],
    [
      'another type',
      base.extend({ note: z.int().exactOptional() }),
      /type of note of the event was "string"/,
    ],
    ['a pattern', base.extend({ note: z.string().regex(/x/).exactOptional() }), /pattern of note/],
    ['a new value', base.extend({ kind: z.enum(['a', 'b', 'c']) }), /kind of the event may be c now/],
    ['a value that went', base.extend({ kind: z.enum(['a']) }), /kind of the event is never b now/],
    [
      'a field of an entry that went',
      base.extend({ list: z.array(z.object({})) }),
      /start of an entry of list of the event is gone/,
    ],
    [
      'null',
      base.extend({ note: z.string().nullable().exactOptional() }),
      /type of note of the event was "string"/,
    ],
    ['entries of another type', base.extend({ key: z.record(z.string(), z.int()) }), /an entry of key/],
  ])('%s', (_name, current, told) => {
    expect(incompatibilities(json(base), json(current)).join('\n')).toMatch(told);
  });

  test('a new status, and a status that went', () => {
    const more = z.discriminatedUnion('status', [base, z.object({ status: z.literal('late') })]);
    expect(incompatibilities(json(union), json(more))).toEqual([
      'the event is never truncated now: events that are on the topics are',
      'the event may be late now: consumers do not know it',
    ]);
  });
});

const packageVersion = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { readonly version: string }
).version;
const parts = (version: string): readonly number[] => version.split('.').map(Number);
const byVersion = (one: string, other: string): number =>
  parts(one)
    .map((part, place) => part - (parts(other)[place] ?? 0))
    .find((difference) => difference !== 0) ?? 0;

describe('the schemas of the last release', () => {
  const versions = readdirSync(RELEASED).toSorted(byVersion);
  const last = versions.at(-1) ?? '';

  test('are those of this version of the package, or of one before', () => {
    expect(versions).not.toEqual([]);
    expect(byVersion(last, packageVersion)).toBeLessThanOrEqual(0);
  });

  test.each(PUBLISHED_NAMES)('%s may take the place of the released one', (name) => {
    const file = new URL(`${last}/${name}.schema.json`, RELEASED);
    const released = JSON.parse(readFileSync(file, 'utf8')) as JsonSchema;
    expect(incompatibilities(released, publishedSchema(name, 'readers'))).toEqual([]);
  });
});
