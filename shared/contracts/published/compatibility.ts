// May a schema take the place of a released one? Consumers read old and new events with either of them.
import type { JsonSchema } from './json-schemas.ts';

/** Only for people: they may change freely. */
const ANNOTATIONS = new Set(['$schema', 'title', 'description', 'examples']);
/** In a union, what tells the branches apart. */
const DISCRIMINATORS = ['status', 'kind'];

/**
 * Everything in `current` that a consumer of `released` could stumble over, one line each; none: it may be released under
 * the same major version. A topic that is compacted holds old events for years, and consumers are replaced later than we
 * are. So either schema has to accept what the other describes, and the one change that allows is a new optional field.
 */
export function incompatibilities(released: JsonSchema, current: JsonSchema): readonly string[] {
  return compare(released, current, 'the event');
}

function compare(released: unknown, current: unknown, place: string): readonly string[] {
  if (!isSchema(released) || !isSchema(current)) return same(released, current, place);
  const keywords = new Set([...Object.keys(released), ...Object.keys(current)]);
  return [...keywords]
    .filter((keyword) => !ANNOTATIONS.has(keyword))
    .flatMap((keyword) => compareKeyword(keyword, released, current, place));
}

function compareKeyword(keyword: string, released: JsonSchema, current: JsonSchema, place: string) {
  const [was, is] = [released[keyword], current[keyword]];
  switch (keyword) {
    case 'properties':
      return compareProperties(asSchema(was), asSchema(is), place);
    case 'required':
      return compareRequired(asNames(was), asNames(is), place);
    case 'enum':
      return compareValues(asNames(was), asNames(is), place);
    case 'oneOf':
    case 'anyOf':
      return compareBranches(asBranches(was), asBranches(is), place);
    case 'definitions':
      return Object.entries(asSchema(was)).flatMap(([name, each]) =>
        compare(each, asSchema(is)[name], `${name} of ${place}`),
      );
    case 'items':
    case 'additionalProperties':
      return compare(was, is, `an entry of ${place}`);
    default:
      return same(was, is, place, keyword);
  }
}

function compareProperties(released: JsonSchema, current: JsonSchema, place: string): readonly string[] {
  return Object.entries(released).flatMap(([name, was]) =>
    name in current
      ? compare(was, current[name], `${name} of ${place}`)
      : [`${name} of ${place} is gone: consumers that show it would show nothing`],
  );
}

function compareRequired(released: readonly string[], current: readonly string[], place: string) {
  return [
    ...current
      .filter((name) => !released.includes(name))
      .map((name) => `${name} of ${place} is required now: events that are on the topics lack it`),
    ...released
      .filter((name) => !current.includes(name))
      .map((name) => `${name} of ${place} may be absent now: consumers count on it`),
  ];
}

function compareValues(released: readonly string[], current: readonly string[], place: string) {
  return [
    ...released
      .filter((value) => !current.includes(value))
      .map((value) => `${place} is never ${value} now: events that are on the topics are`),
    ...current
      .filter((value) => !released.includes(value))
      .map((value) => `${place} may be ${value} now: consumers do not know it`),
  ];
}

function compareBranches(released: readonly JsonSchema[], current: readonly JsonSchema[], place: string) {
  const was = new Map(released.map((branch, index) => [branchName(branch, index), branch]));
  const is = new Map(current.map((branch, index) => [branchName(branch, index), branch]));
  return [
    ...compareValues([...was.keys()], [...is.keys()], place),
    ...[...was].flatMap(([name, branch]) =>
      is.has(name) ? compare(branch, is.get(name), branchPlace(branch, name, place)) : [],
    ),
  ];
}

function branchName(branch: JsonSchema, index: number): string {
  const properties = asSchema(branch.properties);
  for (const name of DISCRIMINATORS) {
    const { const: value } = asSchema(properties[name]);
    if (typeof value === 'string') return value;
  }
  return typeof branch.type === 'string' ? branch.type : `branch ${index + 1}`;
}

const branchPlace = (branch: JsonSchema, name: string, place: string): string =>
  branch.properties === undefined ? place : `${name} of ${place}`;

function same(released: unknown, current: unknown, place: string, keyword = 'schema'): readonly string[] {
  const [was, is] = [JSON.stringify(released), JSON.stringify(current)];
  return was === is ? [] : [`${keyword} of ${place} was ${was ?? 'absent'} and is ${is ?? 'absent'}`];
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asSchema = (value: unknown): JsonSchema => (isSchema(value) ? value : {});
const asBranches = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value : []);
const asNames = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
