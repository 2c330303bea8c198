// The definition file, once: parsing, `config show`, docs and the editor's schema all derive from this.
// Names are those of the YAML. Once read, durations are milliseconds, rates calls per second, and every default is filled in.
import { z } from 'zod';
import { prices } from '../spend/prices.ts';
import { MODEL_KINDS, model, modelKind } from './model-kinds/index.ts';
import { about, duration, name, tableName } from './values.ts';

export type {
  CohereEmbeddingModel,
  ComprehendModel,
  ModelKindName,
  SagemakerModel,
  TitanEmbeddingModel,
} from './model-kinds/index.ts';

const expression = z.string().min(1).meta(about('An expression (CEL).', 'amount'));

const inputPart = z.codec(
  z
    .union([
      expression,
      z
        .record(z.string().min(1), expression)
        .refine((part) => Object.keys(part).length === 1)
        .meta(about('One name and its expression.', { hour_utc: 'occurred_at.getHours()' })),
    ])
    .meta(about('`expression`, or `name: expression`.', 'amount')),
  z.object({ name: z.string(), expression: z.string() }),
  {
    decode: (part) => {
      const [[label, text] = ['', '']] = typeof part === 'string' ? [[part, part]] : Object.entries(part);
      return { name: label, expression: text };
    },
    encode: (part) => (part.name === part.expression ? part.expression : { [part.name]: part.expression }),
  },
);

const rule = z.codec(
  z
    .union([
      name('The action for every row that no rule above took.', 'accept'),
      z
        .record(name('The action.', 'hold'), expression)
        .refine((entry) => Object.keys(entry).length === 1)
        .meta(about('One action and when it is taken.', { hold: 'score >= 0.9' })),
    ])
    .meta(
      about('`action: expression`; a bare `action` in the last place takes the rest.', {
        hold: 'score >= 0.9',
      }),
    ),
  z.object({ action: z.string(), when: z.string().nullable() }),
  {
    decode: (entry) => {
      if (typeof entry === 'string') return { action: entry, when: null };
      const [[action, when] = ['', '']] = Object.entries(entry);
      return { action, when };
    },
    encode: (entry) => (entry.when === null ? entry.action : { [entry.action]: entry.when }),
  },
);

export const source = z
  .strictObject({
    table: tableName('The table, with its schema.', 'public.transactions'),
    exclude: z
      .array(z.string().min(1).meta(about('A column.', 'card_last4')))
      .meta(
        about(
          'Columns that never leave the database. It needs a publication column list, which blocks ALTER and DROP of published columns: see docs.',
          ['card_last4'],
        ),
      )
      .default([]),
    partitions: z
      .int()
      .min(1)
      .max(1_000)
      .meta(
        about(
          'Partitions of its topics, fixed for their life: another count is another pipeline and a backfill.',
          6,
        ),
      )
      .default(6),
  })
  .meta(about('A table to read.', { table: 'public.transactions' }));

export const enrichment = z
  .strictObject({
    from: name('The source whose rows it takes.', 'transactions'),
    when: expression
      .meta(
        about(
          'Which rows. False: not sent, not paid, skipped, and an older result is removed.',
          'kind == "purchase"',
        ),
      )
      .exactOptional(),
    model: model.meta(about('The model that is called.')),
    input: z
      .array(inputPart)
      .min(1)
      .meta(
        about(
          'What the model is given. Tabular kinds: numbers and booleans, in this order. Text kinds: joined by a newline.',
          ['amount'],
        ),
      ),
    output: z
      .record(
        name('An output.', 'score'),
        z.enum(['float']).meta(about('Only finite numbers are accepted.', 'float')),
      )
      .refine((outputs) => Object.keys(outputs).length > 0)
      .meta(
        about(
          'What the endpoint answers for a row, in its order. Only for kinds whose outputs we cannot know.',
          { score: 'float' },
        ),
      )
      .exactOptional(),
    flag: expression
      .meta(
        about(
          'Which results stand out. Sees outputs only, so a new threshold calls nothing.',
          'score >= 0.9',
        ),
      )
      .exactOptional(),
    decide: z
      .array(rule)
      .min(1)
      .meta(
        about('Rules from results to an action, the first that holds wins. Sees outputs only.', [
          { hold: 'score >= 0.9' },
        ]),
      )
      .exactOptional(),
    refresh: z
      .strictObject({ every: duration('Score a row again after this long without a change.', '7d') })
      .meta(about('For inputs that age without a commit.', { every: '7d' }))
      .exactOptional(),
  })
  .meta(about('A source, a model, and what to do with its answers.'));

const dollars = z.number().min(0).max(1_000_000_000);

export const budget = z
  .strictObject({
    daily_usd: dollars.meta(about('Limit per day (UTC) for rows as they change.', 25)),
    redo_daily_usd: dollars
      .meta(about('A purse of its own for backfills and every other redo.', 10))
      .exactOptional(),
    shadow_daily_usd: dollars
      .meta(about('A purse of its own for shadows: whatever they call, redo or not.', 5))
      .exactOptional(),
    reserved_usd: z
      .record(z.string(), dollars.meta(about('Dollars of daily_usd.', 5)))
      .meta(about('Part of daily_usd that only this enrichment may spend.', { fraud: 5 }))
      .default({}),
    alert_at: z
      .number()
      .gt(0)
      .max(1)
      .meta(about('Share of a limit at which an alert goes out.', 0.8))
      .default(0.8),
    on_reached: z
      .enum(['pause', 'skip'])
      .meta(about('pause: rows wait in Kafka. skip: rows become over_budget, for a later redo.', 'pause'))
      .default('pause'),
  })
  .meta(about('Checked before every paid call, across all workers.', { daily_usd: 25 }));

export const definition = z
  .strictObject({
    version: z.literal(1).meta(about('Version of this format.', 1)),
    pipeline: name(
      'Prefix of topics and groups, name of slot and publication. One definition is one database.',
      'afterglow',
    ),
    sources: z.record(name('Name of the source.', 'transactions'), source).meta(about('Tables to read.')),
    enrichments: z
      .record(
        name('Name of the enrichment: its topic, its table, the prefix of its columns.', 'fraud'),
        enrichment,
      )
      .meta(about('What to do with their rows.'))
      .default({}),
    budget: budget.exactOptional(),
    prices: prices.prefault({}),
  })
  .meta({ title: 'Afterglow pipeline definition' });

export type Definition = z.output<typeof definition>;
export type Source = z.output<typeof source>;
export type Enrichment = z.output<typeof enrichment>;
export type Budget = z.output<typeof budget>;
export type Model = Enrichment['model'];

export type OutputType = 'float' | 'text' | 'bool';

/** The outputs that flag and decide see, and that become columns. */
export function outputsOf(
  enrichment: Pick<Enrichment, 'model' | 'output'>,
): Readonly<Record<string, OutputType>> {
  const { outputs } = modelKind(enrichment.model.kind);
  if (outputs === 'declared') return enrichment.output ?? {};
  return outputs === 'vectors' ? {} : outputs;
}

/** Names of the enrichments that take the rows of this table. */
export function enrichmentsOfTable(
  { sources, enrichments }: Definition,
  { schema, name }: Source['table'],
): readonly string[] {
  return Object.entries(enrichments)
    .filter(([, { from }]) => sources[from]?.table.schema === schema && sources[from]?.table.name === name)
    .map(([enrichment]) => enrichment);
}

export { MODEL_KINDS, modelKind };
