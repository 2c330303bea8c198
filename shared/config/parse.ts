// Text to definition, or all mistakes at once.
import { readFile } from 'node:fs/promises';
import { AfterglowError } from '../errors/catalogue.ts';
import { type Definition, definition as schema } from './definition.ts';
import { explainIssue, readIssue } from './explain.ts';
import { type Finding, hasErrors, inOrder, type Mistake, type Path } from './mistake.ts';
import { applyRules } from './rules.ts';
import { type Environment, SourceText } from './source-text.ts';

export interface Loaded {
  /** Undefined when there is an error among the mistakes. */
  readonly definition: Definition | undefined;
  readonly mistakes: readonly Mistake[];
  /** Where everything stands, and what of it came from the environment. */
  readonly source: SourceText;
  /** The definition as far as it could be read, with wrong values replaced at `repaired`: good for finding more mistakes only. */
  readonly draft: { readonly definition: Definition; readonly repaired: readonly Path[] } | undefined;
}

/** @throws AfterglowError definition_missing */
export async function loadDefinition(path: string, environment: Environment): Promise<Loaded> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new AfterglowError('definition_missing', `The definition file ${path} cannot be read.`, { cause });
  }
  return parseDefinition(text, path, environment);
}

/** Never throws: whatever the text is, what is wrong with it comes back as mistakes. */
export function parseDefinition(text: string, file: string, environment: Environment): Loaded {
  const source = new SourceText(file, text, environment);
  if (source.value === undefined && source.findings.length > 0) {
    return { definition: undefined, mistakes: source.findings, source, draft: undefined };
  }
  const { definition, findings, repaired } = examine(source.value ?? {});
  if (definition !== undefined) {
    const names = {
      sources: keysOf(source.value, 'sources'),
      enrichments: keysOf(source.value, 'enrichments'),
    };
    findings.push(...applyRules(definition, names).filter(({ path }) => !isAmong(path, repaired)));
  }
  // A value that the environment should have given is wrong in one way only: it is not there.
  const unset = new Set(source.findings.map(({ path }) => path).filter((path) => path !== ''));
  const located = findings.map((finding) => source.locate(finding)).filter(({ path }) => !unset.has(path));
  const mistakes = inOrder([...source.findings, ...located]);
  const isRight = definition !== undefined && !hasErrors(mistakes);
  return {
    definition: isRight ? definition : undefined,
    mistakes,
    source,
    draft: definition === undefined ? undefined : { definition, repaired },
  };
}

/** Each round repairs what the schema complained of, so that the rules still see all the rest. */
const ROUNDS_MAX = 8;

function examine(value: unknown): {
  definition: Definition | undefined;
  findings: Finding[];
  repaired: Path[];
} {
  const findings: Finding[] = [];
  const repaired: Path[] = [];
  const candidate = structuredClone(value);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const parsed = schema.safeParse(candidate, { error: explainIssue });
    if (parsed.success) return { definition: parsed.data, findings, repaired };
    const fresh: Path[] = [];
    for (const issue of parsed.error.issues) {
      const complaint = readIssue(issue);
      findings.push(...complaint.findings.filter(({ path }) => !isAmong(path, repaired)));
      for (const key of complaint.unknownKeys) setAt(candidate, [...complaint.path, key], undefined);
      if (complaint.unknownKeys.length > 0) continue;
      fresh.push(repair(candidate, complaint.path, complaint.repair));
    }
    repaired.push(...fresh);
  }
  return { definition: undefined, findings, repaired };
}

/** Puts a right value in its place, or takes the whole entry out; the path is what later rounds keep silent about. */
function repair(candidate: unknown, path: Path, value: unknown): Path {
  if (value !== undefined && setAt(candidate, path, value)) return path;
  const entry = path.length > 2 ? path.slice(0, 2) : path;
  setAt(candidate, entry, undefined);
  return entry;
}

/** Undefined takes it away. False when there is nothing to put it into. */
function setAt(root: unknown, path: Path, value: unknown): boolean {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, step) => (isObject(node) ? node[step] : undefined), root);
  const last = path.at(-1);
  if (!isObject(parent) || last === undefined) return false;
  if (value === undefined) delete parent[last];
  else parent[last] = structuredClone(value);
  return true;
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Whether the path is one of the places or below one. */
export function isAmong(path: Path, places: readonly Path[]): boolean {
  return places.some((place) => place.every((step, index) => String(step) === String(path[index])));
}

function keysOf(value: unknown, key: string): readonly string[] {
  const block = isObject(value) ? value[key] : undefined;
  return isObject(block) && !Array.isArray(block) ? Object.keys(block) : [];
}
