// A function of Lambda as somebody would write it, but for the rows that ask it to misbehave.
export interface KeyedRow {
  readonly key: string;
  readonly features: readonly number[];
}

/** What the first feature of a row makes of it. */
export const ODD = {
  leftOut: -1,
  twice: -2,
  throwing: -3,
  ending: -4,
  hanging: -5,
  huge: -6,
  nothing: -7,
  unlike: -8,
} as const;

/** Calls that this environment has answered. */
let answered = 0;

export async function handler(rows: readonly KeyedRow[], context: { readonly awsRequestId: string }) {
  const has = (odd: number): boolean => rows.some(({ features }) => features[0] === odd);
  if (has(ODD.throwing)) throw new TypeError(`no score for ${JSON.stringify(rows)}`);
  if (has(ODD.ending)) process.exit(1);
  if (has(ODD.hanging)) await new Promise(() => {});
  if (has(ODD.nothing)) return undefined;
  answered += 1;
  const results = rows
    .filter(({ features }) => features[0] !== ODD.leftOut)
    .flatMap((row) => (row.features[0] === ODD.twice ? [resultOf(row), resultOf(row)] : [resultOf(row)]))
    .map((result) => ({ ...result, answered, request: context.awsRequestId }));
  return has(ODD.huge) ? [...results, 'x'.repeat(6_300_000)] : results.toReversed();
}

export const scoreOf = (features: readonly number[]): number => 1 / (1 + Math.abs(features[0] ?? 0));

function resultOf({ key, features }: KeyedRow) {
  return { key, score: features[0] === ODD.unlike ? 'high' : scoreOf(features) };
}
