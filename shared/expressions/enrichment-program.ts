// Everything an enrichment computes from a row and from a result, prepared once.
import { EvaluationError } from '@marcbachmann/cel-js';
import { type Enrichment, modelKind, outputsOf } from '../config/definition.ts';
import type { ColumnValue, Row } from '../contracts/events.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import type { Column } from '../postgres/catalog.ts';
import { compile, createScope, type Expression, type Scope, variableName } from './compile.ts';
import { resultProblem, type Wanted } from './results.ts';
import { type CelValue, type Decode, decoder } from './row-values.ts';

export type Outputs = Readonly<Record<string, ColumnValue>>;

export interface EnrichmentProgram {
  /** The columns it reads of a row, and no others: all that is ever fetched or sent. */
  readonly columns: readonly string[];
  /** False: the row is skipped. */
  when(row: Row, nowMs: number): boolean;
  /** Tabular kinds: one number per part. Text kinds: the non-NULL parts joined by a newline, '' when there are none. */
  input(row: Row, nowMs: number): number[] | string;
  /** Kinds that need it: the text of the language column, unless there is none or it is NULL. */
  language(row: Row): string | undefined;
  readonly flag?: (outputs: Outputs) => boolean;
  /** Undefined when no rule holds. */
  readonly decide?: (outputs: Outputs) => { readonly action: string; readonly rule: string } | undefined;
}

/** The rule of a bare last entry. */
const THE_REST = 'rest';

/**
 * The columns are those of the catalog or of the registered description: no database is asked.
 * @throws AfterglowError definition_invalid when an expression does not fit them; `afterglow config check` names the place.
 */
export function compileEnrichment(enrichment: Enrichment, columns: readonly Column[]): EnrichmentProgram {
  const rowScope = createScope(columns, { now: true });
  const outputScope = createScope(outputColumns(enrichment), { now: false });
  const when = enrichment.when === undefined ? undefined : prepare('when', enrichment.when, rowScope, 'bool');
  const kind = modelKind(enrichment.model.kind);
  const parts = enrichment.input.map((part) =>
    prepare(`input ${part.name}`, part.expression, rowScope, kind.input === 'tabular' ? 'number' : 'text'),
  );
  const read = new Set([when, ...parts].flatMap((part) => part?.expression.columns ?? []));
  const language = 'language' in enrichment.model ? enrichment.model.language.column : undefined;

  const whenReader = new ContextReader(when?.expression.columns ?? [], true);
  const partsReader = new ContextReader(
    [...new Set(parts.flatMap((part) => (part.direct === undefined ? part.expression.columns : [])))],
    true,
  );
  const inputs = kind.input === 'tabular' ? tabularInput(parts, partsReader) : textInput(parts, partsReader);
  const flag =
    enrichment.flag === undefined ? undefined : prepare('flag', enrichment.flag, outputScope, 'bool');
  const rules = enrichment.decide?.map((rule) => ({
    action: rule.action,
    rule: rule.when ?? THE_REST,
    test: rule.when === null ? undefined : prepare(`decide ${rule.action}`, rule.when, outputScope, 'bool'),
  }));
  const outputReader = new ContextReader([...outputScope.columns.values()], false);

  return {
    columns: columns
      .filter((column) => read.has(column) || column.name === language)
      .map((column) => column.name),
    when: (row, nowMs) => when === undefined || when.run(whenReader.read(row, nowMs)) === true,
    input: inputs,
    language: (row) => {
      const value = language === undefined ? null : row[language];
      return value === null || value === undefined ? undefined : String(value);
    },
    ...(flag === undefined ? {} : { flag: (outputs) => flag.run(outputReader.read(outputs, 0)) === true }),
    ...(rules === undefined
      ? {}
      : {
          decide: (outputs) => {
            const context = outputReader.read(outputs, 0);
            const held = rules.find(({ test }) => test === undefined || test.run(context) === true);
            return held === undefined ? undefined : { action: held.action, rule: held.rule };
          },
        }),
  };
}

/** Outputs are described like columns, so that flag and decide are checked and run by the same code. */
export function outputColumns(enrichment: Pick<Enrichment, 'model' | 'output'>): readonly Column[] {
  return Object.entries(outputsOf(enrichment)).map(([name, type]) => ({
    name,
    type,
    wholeType: type,
    base: type === 'float' ? 'float8' : type,
    array: false,
    typeOid: 0,
    nullable: false,
    labels: null,
    generated: null,
    collationDeterministic: true,
    comment: null,
  }));
}

interface Prepared {
  readonly place: string;
  readonly expression: Expression;
  /** A bare column that is a number or a boolean needs no expression at all. */
  readonly direct: { readonly column: string; readonly decode: Decode } | undefined;
  run(context: Context): unknown;
}

function prepare(place: string, text: string, scope: Scope, wanted: Wanted): Prepared {
  const compiled = compile(text, scope);
  const problem = compiled.ok ? resultProblem(compiled.expression, wanted) : compiled.problem;
  if (!compiled.ok || problem !== undefined) {
    throw new AfterglowError('definition_invalid', `${place}: ${problem?.message}`);
  }
  const { expression } = compiled;
  const { bare } = expression;
  const direct =
    wanted === 'number' && bare !== undefined && bare.base !== 'int8'
      ? { column: bare.name, decode: decoder({ ...bare, base: bare.base === 'bool' ? 'bool' : 'float8' }) }
      : undefined;
  return {
    place,
    expression,
    direct,
    run: (context) => {
      try {
        return expression.evaluate(context);
      } catch (error) {
        throw evaluationFault(place, error);
      }
    },
  };
}

/** The library's own messages may quote values, so only its code decides ours. */
function evaluationFault(place: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof EvaluationError ? error.code : 'evaluation_error';
  return new Fault(
    'input',
    code,
    `${place}: ${EVALUATION[code] ?? `the expression failed on this row (${code})`}`,
  );
}

const EVALUATION: Readonly<Record<string, string>> = {
  not_in_list: 'the value is not in the list of code()',
  division_by_zero: 'division by zero',
  modulo_by_zero: 'modulo by zero',
  numeric_overflow: 'a number is too large',
  optional_value_missing: 'value() of a column that is NULL',
  index_out_of_bounds: 'the list has no such place',
};

type Context = Record<string, CelValue>;

/** Turns the needed columns of a row into CEL values. One context is reused: evaluation is synchronous and keeps nothing. */
class ContextReader {
  readonly #decoders: readonly {
    readonly column: string;
    readonly variable: string;
    readonly decode: Decode;
  }[];
  readonly #context: Context = {};
  readonly #hasNow: boolean;

  constructor(columns: readonly Column[], hasNow: boolean) {
    this.#hasNow = hasNow;
    this.#decoders = columns.map((column) => ({
      column: column.name,
      variable: variableName(column.name),
      decode: decoder(column),
    }));
  }

  read(row: Row, nowMs: number): Context {
    const context = this.#context;
    if (this.#hasNow) context.now = new Date(nowMs);
    for (const { column, variable, decode } of this.#decoders) context[variable] = decode(row[column]);
    return context;
  }
}

function tabularInput(parts: readonly Prepared[], reader: ContextReader): EnrichmentProgram['input'] {
  return (row, nowMs) => {
    const context = reader.read(row, nowMs);
    return parts.map(({ direct, run, place }) => {
      const value = direct === undefined ? run(context) : direct.decode(row[direct.column]);
      const number = typeof value === 'number' ? value : Number(value);
      if (!Number.isFinite(number))
        throw new Fault('input', 'not_finite', `${place}: the number is not finite`);
      return number;
    });
  };
}

function textInput(parts: readonly Prepared[], reader: ContextReader): EnrichmentProgram['input'] {
  return (row, nowMs) => {
    const context = reader.read(row, nowMs);
    const texts: string[] = [];
    for (const { run } of parts) {
      const value = run(context) as string | { hasValue(): boolean; value(): string };
      if (typeof value === 'string') texts.push(value);
      else if (value.hasValue()) texts.push(value.value());
    }
    return texts.join('\n');
  };
}
