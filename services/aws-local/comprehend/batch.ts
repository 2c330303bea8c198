import { type Bend, bentPlaces, changeLength } from '../faults/bend.ts';
import type { JsonObject } from '../request-body.ts';
import { unitsOf } from './characters.ts';

export interface ItemError {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** What one document gets: members of the answer, or the error of this document alone. */
export type Judged = { readonly members: JsonObject } | { readonly error: ItemError };

type Indexed = JsonObject & { readonly Index: number };

export interface BatchAnswer {
  readonly ErrorList: readonly Indexed[];
  readonly ResultList: readonly Indexed[];
  /** Documents that were judged, and no others, are paid. */
  readonly paidUnits: number;
}

/** Both lists sorted by the zero-based place of the document; a bend spoils them. */
export function answerBatch(
  texts: readonly string[],
  judge: (text: string) => Judged,
  bend: Bend | undefined,
): BatchAnswer {
  const fault = bend?.fault;
  const bent =
    bend === undefined
      ? undefined
      : bentPlaces(bend, texts, (text, match) => 'contains' in match && text.includes(match.contains));
  const ResultList: Indexed[] = [];
  const ErrorList: Indexed[] = [];
  let paidUnits = 0;
  for (const [Index, text] of texts.entries()) {
    const isBent = bent?.has(Index) === true;
    const judged =
      fault?.kind === 'item_error' && isBent
        ? { error: { ErrorCode: fault.code, ErrorMessage: fault.message } }
        : judge(text);
    if ('error' in judged) {
      ErrorList.push({ Index, ...judged.error });
      continue;
    }
    paidUnits += unitsOf(text);
    const members =
      fault?.kind === 'not_a_number' && isBent
        ? withoutNumber(judged.members, fault.as ?? 'text')
        : judged.members;
    ResultList.push({ Index, ...members });
  }
  return { ErrorList, ResultList: bend === undefined ? ResultList : bendList(ResultList, bend), paidUnits };
}

function bendList(results: readonly Indexed[], { fault }: Bend): readonly Indexed[] {
  const [first] = results;
  const last = results.at(-1);
  if (first === undefined || last === undefined) return results;
  switch (fault.kind) {
    case 'rows':
      return changeLength(results, fault.change, (Index) => ({ ...last, Index }));
    case 'reordered':
      return results.toReversed();
    case 'repeated_index':
      return results.length === 1 ? [first, first] : results.with(-1, { ...last, Index: first.Index });
    default:
      return results;
  }
}

/** Stands in JSON for a NaN without quotation marks, which no writer of JSON gives. */
export const BARE_NAN = '\u0000NaN';

/** The first score that the members hold, spoiled. */
export function withoutNumber(members: JsonObject, as: 'null' | 'text' | 'bare'): JsonObject {
  const nan = { null: null, text: 'NaN', bare: BARE_NAN }[as];
  const { SentimentScore, Languages } = members;
  if (SentimentScore !== undefined)
    return { ...members, SentimentScore: { ...SentimentScore, Positive: nan } };
  if (!Array.isArray(Languages)) return members;
  return { ...members, Languages: Languages.with(0, { ...Languages[0], Score: nan }) };
}
