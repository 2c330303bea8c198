// A definition, its table, and how findings are compared: for the tests beside.
import { parseDefinition } from '../../../shared/config/parse.ts';
import type { Catalog, Table } from '../../../shared/postgres/catalog.ts';
import type { Finding } from './finding.ts';

const TEXT = `
version: 1
pipeline: shop
sources:
  orders: { table: public.orders, exclude: [card] }
enrichments:
  fraud:
    from: orders
    model: { kind: sagemaker, endpoint: fraud, version: "1" }
    input: [amount]
    output: { score: float }
`;
const parsed = parseDefinition(TEXT, 'afterglow.yaml', {}).definition;
if (parsed === undefined) throw new Error('the definition of these tests has mistakes');
export const definition = parsed;

const column = (name: string) => ({
  name,
  type: 'text',
  wholeType: 'text',
  base: 'text',
  array: false,
  typeOid: 25,
  nullable: false,
  labels: null,
  generated: null,
  collationDeterministic: true,
  comment: null,
});
const ORDERS: Table = {
  schema: 'public',
  name: 'orders',
  oid: 1,
  kind: 'table',
  comment: null,
  columns: ['id', 'amount', 'card'].map(column),
  replicaIdentity: 'default',
  key: ['id'],
};
export const catalog = (changes: Partial<Table> = {}): Catalog => ({ tables: [{ ...ORDERS, ...changes }] });

/** What was found wrong, as "outcome: message | fix"; nothing when all is well. */
export const fixesOf = (found: readonly Finding[]): readonly string[] =>
  found
    .filter(({ outcome }) => outcome !== 'ok')
    .map(({ outcome, message, fix }) => `${outcome}: ${message} | ${fix}`);
