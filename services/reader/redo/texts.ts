import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { ChunkStatement } from './chunk-statements.ts';

/** Values as the log would send them. */
export type Texts = readonly (string | null)[];

/** Every value as PostgreSQL writes it: the client's own readings of numbers would be a second row codec. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

export async function texts(client: Queryable, { text, values }: ChunkStatement): Promise<readonly Texts[]> {
  const { rows } = await client.query<(string | null)[]>({
    text,
    values: [...values],
    rowMode: 'array',
    types: AS_TEXT,
  });
  return rows;
}
