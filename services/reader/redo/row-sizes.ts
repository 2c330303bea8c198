import type { ChunkStatement } from './chunk-statements.ts';

/** Types of which the server knows how long they are without reading what is stored out of line: text, varchar, char. */
const TEXTS = new Set([25, 1043, 1042]);
const BYTEA = 17;

/**
 * How large each row of `rows` is as text, roughly, in the same order: the columns from place `columnsFrom` on, which have these
 * types. What is stored out of line is not read for it, unless it is compressed and no text.
 */
export function sizesOf(
  rows: ChunkStatement,
  columnsFrom: number,
  typeOids: readonly number[],
): ChunkStatement {
  const names = Array.from({ length: columnsFrom + typeOids.length }, (_, place) => `c${place}`);
  const sizes = typeOids.map((typeOid, index) => sizeOf(`c${columnsFrom + index}`, typeOid));
  return {
    text: `select ${['0::int8', ...sizes].join(' + ')} from (${rows.text}) as sized(${names.join(', ')})`,
    values: rows.values,
  };
}

function sizeOf(value: string, typeOid: number): string {
  if (TEXTS.has(typeOid)) return `coalesce(octet_length(${value}), 0)`;
  if (typeOid === BYTEA) return `coalesce(2::int8 * octet_length(${value}), 0)`;
  return `coalesce(case when pg_column_compression(${value}) is null then pg_column_size(${value}) else octet_length(${value}::text) end, 0)`;
}

/** How many of the rows to come fit, of which these sizes are known; one always does, since it has to be taken some time. */
export function rowsThatFit(sizes: readonly number[], bytesMax: number): number {
  let bytes = 0;
  const place = sizes.findIndex((size) => {
    bytes += size;
    return bytes > bytesMax;
  });
  return place < 0 ? sizes.length : Math.max(1, place);
}
