// One expression, checked against what it may read: either a program or the problems with it.
import { type ASTNode, type Environment, ParseError } from '@marcbachmann/cel-js';
import { nearest } from '../config/nearest.ts';
import type { Column } from '../postgres/catalog.ts';
import { baseEnvironment } from './environment.ts';
import { labelWarnings } from './labels.ts';
import type { Problem } from './problem.ts';
import { type CelValue, celType, elementType } from './row-values.ts';
import { type Reading, read, refusalOf } from './syntax-tree.ts';

export interface Expression {
  readonly text: string;
  /** 'bool', 'int', 'double', 'string', 'optional<double>', … */
  readonly type: string;
  /** The columns it really reads, in the order of the table. */
  readonly columns: readonly Column[];
  /** Where each of them is named first, in characters from 0. */
  readonly places: ReadonlyMap<string, number>;
  /** The column, when the expression is nothing but its name. */
  readonly bare: Column | undefined;
  evaluate(context: Readonly<Record<string, CelValue>>): unknown;
}

export type Compilation =
  | { readonly ok: true; readonly expression: Expression; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problem: Problem };

/** What expressions may read: the columns of a table, or the outputs of a model; `now` beside columns only. */
export interface Scope {
  readonly columns: ReadonlyMap<string, Column>;
  readonly environment: Environment;
}

const LENGTH_MAX = 4_000;

export function createScope(columns: readonly Column[], has: { readonly now: boolean }): Scope {
  const environment = baseEnvironment.clone();
  if (has.now) environment.registerVariable('now', 'google.protobuf.Timestamp');
  for (const column of columns) environment.registerVariable(variableName(column.name), celType(column));
  return { columns: new Map(columns.map((column) => [column.name, column])), environment };
}

/** The name a column has inside the library, where `type`, `int` or `cel` are taken already. */
export function variableName(column: string): string {
  return baseEnvironment.hasVariable(column) || column === 'now' || RESERVED.test(column)
    ? `column ${column}`
    : column;
}
// Names the library keeps for itself: registering one throws, even where no expression could ever spell it.
const RESERVED =
  /^(?:as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while|__proto__|prototype)$/;

/** Only the grammar: all that can be said without the columns. */
export function checkSyntax(text: string): Problem | undefined {
  const parsed = parse(text, baseEnvironment);
  return 'problem' in parsed ? parsed.problem : undefined;
}

export function compile(text: string, scope: Scope): Compilation {
  const parsed = parse(text, scope.environment);
  if ('problem' in parsed) return { ok: false, problem: parsed.problem };
  const { program, reading } = parsed;
  const shadowing = reading.bound.find(({ name }) => scope.columns.has(name));
  if (shadowing !== undefined) {
    const message = `${shadowing.name} is a column, so it cannot name an element of a list too`;
    return { ok: false, problem: problemAt(shadowing.node.start, message, 'another name') };
  }
  const used = new Set<Column>();
  const places = new Map<string, number>();
  for (const { name, node } of reading.names) {
    const column =
      name === 'now' && scope.environment.hasVariable('now') ? undefined : scope.columns.get(name);
    if (column === undefined) continue;
    used.add(column);
    if (!places.has(name)) places.set(name, node.start);
    // The tree is ours alone, made by the parse above.
    (node as { args: unknown }).args = variableName(name);
  }
  const bare = program.ast.op === 'id' ? [...used][0] : undefined;
  const checked = program.check();
  if (!checked.valid || checked.type === undefined) {
    return { ok: false, problem: explain(checked.error, reading, scope) };
  }
  const expression: Expression = {
    text,
    type: readableType(checked.type),
    columns: [...scope.columns.values()].filter((column) => used.has(column)),
    places,
    bare,
    evaluate: program,
  };
  return { ok: true, expression, warnings: labelWarnings(reading.nodes, scope.columns) };
}

function parse(text: string, environment: Environment) {
  if (text.length > LENGTH_MAX) {
    return { problem: problemAt(0, `an expression has at most ${LENGTH_MAX} characters`, 'a shorter one') };
  }
  try {
    const program = environment.parse(text);
    const reading = read(program.ast);
    const refusal = refusalOf(reading.nodes);
    if (refusal === undefined) return { program, reading };
    return { problem: problemAt(refusal.node.start, refusal.message, refusal.instead) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { problem: problemAt(error.range?.start ?? 0, readable(error.summary)) };
  }
}

function explain(error: unknown, reading: Reading, scope: Scope): Problem {
  const { summary, range } = error as { summary: string; range?: { start: number; end: number } };
  const start = range?.start ?? 0;
  const unknown = /^Unknown variable: (.*)$/.exec(summary)?.[1];
  if (unknown !== undefined) {
    const meant = nearest(unknown, [...scope.columns.keys(), 'now']);
    return problemAt(start, `there is no ${unknown} here`, meant ?? listOf(scope.columns.keys()));
  }
  const inside = reading.names.filter(
    ({ node }) => range === undefined || (node.start >= range.start && node.end <= range.end),
  );
  const nullable = inside
    .filter(({ node }) => !isOptionalReceiver(node, reading.nodes))
    .map(({ name }) => scope.columns.get(name))
    .find((column) => column?.nullable);
  if (nullable !== undefined && /optional/.test(summary)) {
    const message = `${nullable.name} may be NULL, so say what NULL means: ${readable(summary)}`;
    return problemAt(start, message, nullHint(nullable));
  }
  return problemAt(start, readable(summary));
}

function isOptionalReceiver(node: ASTNode, nodes: readonly ASTNode[]): boolean {
  return nodes.some((other) => other.op === 'rcall' && other.args[1] === node);
}

const NULL_MEANS: Readonly<Record<string, string>> = {
  bool: 'false',
  int: '0',
  double: '0',
  string: '""',
  'google.protobuf.Timestamp': 'now',
};

/** How to say what NULL means for this column: `x.orValue(0)`. */
export function nullHint(column: Column): string {
  return `${column.name}.orValue(${column.array ? '[]' : NULL_MEANS[elementType(column)]})`;
}

function problemAt(offset: number, message: string, instead?: string): Problem {
  return { severity: 'error', offset, message, ...(instead === undefined ? {} : { instead }) };
}

function listOf(names: Iterable<string>): string {
  const all = [...names];
  return `one of ${all.slice(0, 12).join(', ')}${all.length > 12 ? ', …' : ''}`;
}

function readable(summary: string): string {
  const text = readableType(summary).replaceAll('column ', '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function readableType(type: string): string {
  return type
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration');
}
