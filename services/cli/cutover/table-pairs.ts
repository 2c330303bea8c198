import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { INTERNAL_SCHEMA, SCHEMA, stateTableName } from '../../../shared/side-tables/names.ts';

/** Two tables of one schema that change names. */
export interface TablePair {
  readonly schema: string;
  readonly own: string;
  readonly other: string;
}

/** Those of an enrichment and its shadow: results, then states. */
export function tablePairs(enrichment: string): readonly TablePair[] {
  const shadow = shadowOf(enrichment);
  return [
    { schema: SCHEMA, own: enrichment, other: shadow },
    { schema: INTERNAL_SCHEMA, own: stateTableName(enrichment), other: stateTableName(shadow) },
  ];
}
