// A schema's complaint in our words: what is wrong here, and what to write instead.
import { z } from 'zod';
import type { Finding, Path } from './mistake.ts';
import { nearest } from './nearest.ts';

type RawIssue = z.core.$ZodRawIssue;

/** What travels in a complaint's message, since a message is all that a schema hands on. */
interface Explanation {
  readonly message: string;
  readonly instead?: string | undefined;
  /** A right value in this place, so that what stands around it can still be examined. */
  readonly repair?: unknown;
}

/** To be given to safeParse: keeps the example of the setting that complained. Values are never quoted. */
export function explainIssue(issue: RawIssue): string {
  return JSON.stringify(explanationOf(issue));
}

export interface Complaint {
  readonly findings: readonly Finding[];
  readonly path: Path;
  readonly repair: unknown;
  /** The keys that nobody knows. */
  readonly unknownKeys: readonly string[];
}

export function readIssue(issue: z.core.$ZodIssue): Complaint {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const { message, instead, repair } = JSON.parse(issue.message) as Explanation;
  if (issue.code !== 'unrecognized_keys') {
    const atKey = issue.code === 'invalid_key';
    return { findings: [{ path, atKey, message, instead }], path, repair, unknownKeys: [] };
  }
  const known = JSON.parse(instead ?? '[]') as string[];
  const findings = issue.keys.map((key): Finding => {
    const meant = nearest(key, known);
    const hint = meant ?? (known.length === 0 ? undefined : `one of ${known.join(', ')}`);
    return { path: [...path, key], atKey: true, message: 'there is no such setting here', instead: hint };
  });
  return { findings, path, repair: undefined, unknownKeys: issue.keys };
}

function explanationOf(issue: RawIssue): Explanation {
  // For a check the complaint comes from, `inst` is the check and `schema` what it stands on.
  const schema = (issue.schema ?? issue.inst) as z.ZodType | undefined;
  const meta = schema === undefined ? undefined : z.globalRegistry.get(schema);
  const [repair] = (meta?.examples ?? []) as unknown[];
  const example = repair === undefined ? undefined : show(repair);
  if (issue.input === undefined) return { message: 'this setting is missing', instead: example, repair };
  switch (issue.code) {
    case 'unrecognized_keys':
      return { message: 'unknown', instead: JSON.stringify(knownKeys(schema)) };
    case 'invalid_type':
      return { message: `this must be ${article(issue.expected)}`, instead: example, repair };
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      return {
        message: `this must be ${listOf(values)}`,
        instead: meant ?? example ?? values[0],
        repair: repair ?? values[0],
      };
    }
    case 'invalid_union': {
      const options = discriminatorOptions(issue);
      if (options === undefined)
        return { message: 'this has none of the forms allowed here', instead: example, repair };
      const written = (issue.input as Record<string, unknown> | undefined)?.kind;
      const meant = typeof written === 'string' ? nearest(written, options) : undefined;
      return { message: `this must be ${listOf(options)}`, instead: meant ?? options[0], repair: meant };
    }
    case 'too_big':
      return { message: `this is at most ${amount(issue.maximum, issue.origin)}`, instead: example, repair };
    case 'too_small':
      return {
        message: `this is ${issue.inclusive ? 'at least' : 'more than'} ${amount(issue.minimum, issue.origin)}`,
        instead: example,
        repair,
      };
    case 'invalid_key':
      return { message: NAME_RULE, instead: undefined };
    case 'invalid_format':
      return { message: formatRule(meta?.description, issue), instead: example, repair };
    default:
      return { message: 'this has not the form it must have here', instead: example, repair };
  }
}

const NAME_RULE = 'a name is a small letter, then at most 30 small letters, digits and _';

function formatRule(description: string | undefined, issue: RawIssue & { code: 'invalid_format' }): string {
  const pattern = issue.pattern as string | undefined;
  if (pattern?.includes('[a-z][a-z0-9_]')) return NAME_RULE;
  if (pattern?.includes('ms|s|m|h|d')) return 'a time is a whole number with its unit: ms, s, m, h or d';
  if (pattern?.includes('[smh]')) return 'a rate is a whole number of calls per s, m or h';
  if (pattern?.includes('\\.')) return 'a table is written with its schema';
  return `this has not the right form. ${description ?? ''}`.trim();
}

function discriminatorOptions(issue: RawIssue & { code: 'invalid_union' }): readonly string[] | undefined {
  return issue.discriminator === undefined ? undefined : (issue.options as string[] | undefined);
}

function knownKeys(schema: z.ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function article(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    array: 'a list',
    object: 'a block of settings',
    record: 'a block of names',
  };
  return words[expected] ?? expected;
}

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters long`;
  return origin === 'array' ? `${limit} entries long` : String(limit);
}

function listOf(values: readonly string[]): string {
  return values.length < 4 ? values.join(' or ') : `one of ${values.join(', ')}`;
}

function show(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}
