// The small values of the definition file: how they are written, and what they are once read.
import { z } from 'zod';

/** What help, the editor's schema and a mistake say about a setting: its meaning, and one right way to write it. */
export function about(description: string, example?: unknown): { description: string; examples?: unknown[] } {
  return example === undefined ? { description } : { description, examples: [example] };
}

export const NAME = /^[a-z][a-z0-9_]{0,30}$/;

/** Lower case, so that it can be a topic, a table and a column without quoting. */
export function name(description: string, example: string) {
  return z.string().regex(NAME).meta(about(description, example));
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type DurationUnit = keyof typeof UNIT_MS;

/** '10ms', '7d'; milliseconds once read. */
export function duration(description: string, example: string) {
  return z.codec(
    z
      .string()
      .regex(/^[1-9]\d{0,8}(?:ms|s|m|h|d)$/)
      .meta(about(description, example)),
    z.number(),
    { decode: parseDurationMs, encode: formatDuration },
  );
}

export function parseDurationMs(text: string): number {
  const unit = text.replace(/^\d+/, '') as DurationUnit;
  return Number.parseInt(text, 10) * UNIT_MS[unit];
}

export function formatDuration(durationMs: number): string {
  const units = Object.entries(UNIT_MS).toReversed();
  const [unit, unitMs] = units.find(([, ms]) => durationMs % ms === 0) ?? ['ms', 1];
  return `${durationMs / unitMs}${unit}`;
}

const PER_SECONDS = { s: 1, m: 60, h: 3_600 } as const;
type RateUnit = keyof typeof PER_SECONDS;

/** '10/s', '6000/m'; calls per second once read. */
export function rate(description: string, example: string) {
  return z.codec(
    z
      .string()
      .regex(/^[1-9]\d{0,8}\/[smh]$/)
      .meta(about(description, example)),
    z.number(),
    { decode: parseRatePerSecond, encode: formatRate },
  );
}

export function parseRatePerSecond(text: string): number {
  const [count = '', unit = 's'] = text.split('/');
  return Number(count) / PER_SECONDS[unit as RateUnit];
}

export function formatRate(perSecond: number): string {
  for (const [unit, seconds] of Object.entries(PER_SECONDS)) {
    const count = perSecond * seconds;
    // 100/m is 1.666… a second: the unit it was written in is the first in which it is whole again.
    if (Math.abs(count - Math.round(count)) < 1e-6 && Math.round(count) > 0)
      return `${Math.round(count)}/${unit}`;
  }
  return `${perSecond}/s`;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

const TABLE = /^(?:"([^"]+)"|([^".]+))\.(?:"([^"]+)"|([^".]+))$/;

/** 'public.transactions'. Taken as written, so capitals need no quotes; quotes are for a name with a dot in it. */
export function tableName(description: string, example: string) {
  return z.codec(
    z.string().regex(TABLE).meta(about(description, example)),
    z.object({ schema: z.string(), name: z.string() }),
    { decode: parseTableName, encode: formatTableName },
  );
}

export function parseTableName(text: string): TableName {
  const match = TABLE.exec(text) ?? [];
  return { schema: match[1] ?? match[2] ?? '', name: match[3] ?? match[4] ?? '' };
}

export function formatTableName(table: TableName): string {
  const part = (text: string): string => (text.includes('.') ? `"${text}"` : text);
  return `${part(table.schema)}.${part(table.name)}`;
}
