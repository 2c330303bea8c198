import { type Definition, outputsOf } from '../../../shared/config/definition.ts';
import { resultTable } from '../../../shared/side-tables/names.ts';

/** What came of one enrichment while somebody watched. */
export interface ResultCount {
  readonly enrichment: string;
  /** Results beside rows; of a text in several chunks each one. */
  readonly results: number;
  /** Of texts, how many in which language, the most frequent first. Undefined: nobody asked for their language. */
  readonly languages: readonly (readonly [language: string, results: number])[] | undefined;
}

interface ResultQuestion {
  readonly enrichment: string;
  readonly hasLanguages: boolean;
  /** $1: since when. Answers [language, count] by frequency; the language is empty where there is none. */
  readonly statement: string;
}

export function resultQuestions(definition: Definition): readonly ResultQuestion[] {
  return Object.entries(definition.enrichments).map(([enrichment, entry]) => {
    const hasLanguages = outputsOf(entry).language === 'text';
    const language = hasLanguages ? "coalesce(language, '')" : "''";
    const statement = `select ${language}, count(*)::text from ${resultTable(enrichment)}
                        where scored_at >= $1 group by 1 order by count(*) desc, 1`;
    return { enrichment, hasLanguages, statement };
  });
}

export function toResultCount(
  { enrichment, hasLanguages }: ResultQuestion,
  answer: readonly (readonly [string, string])[],
): ResultCount {
  const counts = answer.map(([language, count]) => [language, Number(count)] as const);
  const results = counts.reduce((sum, [, count]) => sum + count, 0);
  return { enrichment, results, languages: hasLanguages ? counts : undefined };
}
