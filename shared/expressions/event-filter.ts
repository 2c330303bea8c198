// A condition on the outcomes of an enrichment, as `afterglow tail --where` takes it.
import type { Enrichment } from '../config/definition.ts';
import type { ColumnValue, EnrichedEvent } from '../contracts/events.ts';
import { millisecondsOf } from '../contracts/instant.ts';
import type { Column } from '../postgres/catalog.ts';
import { compile, createScope, variableName } from './compile.ts';
import { outputColumns } from './enrichment-program.ts';
import type { Problem } from './problem.ts';
import { resultProblem } from './results.ts';
import { type CelValue, type Decode, decoder } from './row-values.ts';

/** undefined: the expression failed on this event. */
export type EventFilter = (event: EnrichedEvent) => boolean | undefined;

export type FilterCompilation =
  | { readonly ok: true; readonly matches: EventFilter }
  | { readonly ok: false; readonly problem: Problem };

type Scored = Extract<EnrichedEvent, { status: 'scored' }>;

/** Of every outcome. */
const OUTCOME_FIELDS: Readonly<Record<string, readonly [string, (event: EnrichedEvent) => ColumnValue]>> = {
  status: ['text', ({ status }) => status],
  reason: ['text', (event) => (event.status === 'skipped' ? event.reason : '')],
  error_kind: ['text', (event) => (event.status === 'failed' ? event.error.kind : '')],
  error_code: ['text', (event) => (event.status === 'failed' ? event.error.code : '')],
  latency_ms: [
    'float8',
    ({ enriched_at, source }) => millisecondsOf(enriched_at) - millisecondsOf(source.committed_at),
  ],
};

/** Only a scored outcome has them, as it has outputs: what of a condition rests on them holds for no other. */
const SCORED_FIELDS: Readonly<Record<string, readonly [string, (event: Scored) => ColumnValue]>> = {
  flagged: ['bool', ({ flagged }) => flagged ?? false],
  decision: ['text', ({ decision }) => decision?.action ?? ''],
  cached: ['bool', ({ cached }) => cached],
};

/** The outputs by their names, the fields above, and `key`, a map of texts: key.id == "4711". */
export function compileEventFilter(
  text: string,
  enrichment: Pick<Enrichment, 'model' | 'output'>,
): FilterCompilation {
  const outputs = outputColumns(enrichment);
  const taken = new Set(outputs.map(({ name }) => name));
  const fields = Object.entries({ ...OUTCOME_FIELDS, ...SCORED_FIELDS })
    .filter(([name]) => !taken.has(name))
    .map(([name, [type]]) => fieldColumn(name, type));
  const scope = createScope([...outputs, ...fields], { now: false });
  if (!taken.has('key')) scope.environment.registerVariable('key', 'map<string, string>');
  const compiled = compile(text, scope);
  const problem = compiled.ok ? resultProblem(compiled.expression, 'bool') : compiled.problem;
  if (!compiled.ok || problem !== undefined) {
    return {
      ok: false,
      problem: problem ?? { severity: 'error', offset: 0, message: 'this is no condition' },
    };
  }
  const { expression } = compiled;
  const readers = expression.columns.map((column) => readerOf(column, taken.has(column.name)));
  return {
    ok: true,
    matches(event) {
      let isComplete = true;
      try {
        const context: Record<string, CelValue> = {};
        // A map, which no column is.
        if (!taken.has('key')) context.key = keyTexts(event) as unknown as CelValue;
        for (const { variable, read } of readers) {
          const value = read(event);
          if (value === undefined) isComplete = false;
          else context[variable] = value;
        }
        return expression.evaluate(context) === true;
      } catch {
        return isComplete ? undefined : false;
      }
    },
  };
}

interface FieldReader {
  readonly variable: string;
  /** undefined: this event cannot have it. */
  readonly read: (event: EnrichedEvent) => CelValue | undefined;
}

function readerOf(column: Column, isOutput: boolean): FieldReader {
  const { name } = column;
  const decode: Decode = decoder(column);
  const fieldOf = (event: EnrichedEvent): ColumnValue | undefined => {
    const outcome = isOutput ? undefined : OUTCOME_FIELDS[name];
    if (outcome !== undefined) return outcome[1](event);
    if (event.status !== 'scored') return undefined;
    return isOutput ? resultValue(event, name) : SCORED_FIELDS[name]?.[1](event);
  };
  return {
    variable: variableName(name),
    read(event) {
      const value = fieldOf(event);
      return value === undefined ? undefined : decode(value);
    },
  };
}

function resultValue({ result }: Scored, name: string): ColumnValue {
  const value: unknown = Reflect.get(Object(result), name);
  return value === undefined ? null : (value as ColumnValue);
}

const keyTexts = ({ key }: EnrichedEvent): ReadonlyMap<string, string> =>
  new Map(Object.entries(key).map(([name, value]) => [name, String(value)]));

function fieldColumn(name: string, base: string): Column {
  return {
    name,
    type: base,
    wholeType: base,
    base,
    array: false,
    typeOid: 0,
    nullable: false,
    labels: null,
    generated: null,
    collationDeterministic: true,
    comment: null,
  };
}
