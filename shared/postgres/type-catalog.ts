import type { TypeCatalog, TypeFacts } from '../contracts/row-codec.ts';
import type { Queryable } from './connect.ts';

/** Types of users and extensions have numbers from here on; the built-in ones never change. */
export const FIRST_USER_OID = 16_384;

/** Domains lead to their base type, true arrays (typlen -1, elements split by a comma) to their element's. */
const TYPES = `
  select oid::int8 as oid, typbasetype::int8 as base,
         case when typlen = -1 and typcategory = 'A' and typdelim = ',' then typelem::int8 else 0 end as element
    from pg_type
   where typtype = 'd' or typcategory = 'A' or oid >= ${FIRST_USER_OID}`;

/** The domains and arrays of a database, and every type made in it; the others are known by their number, or are text. */
export async function readTypeCatalog(client: Queryable): Promise<TypeCatalog> {
  const { rows } = await client.query<{ oid: string; base: string; element: string }>(TYPES);
  return new Map(
    rows.map(({ oid, base, element }): [number, TypeFacts] => [
      Number(oid),
      base !== '0' ? { base: Number(base) } : element !== '0' ? { element: Number(element) } : {},
    ]),
  );
}
