// Operations as SQL: one parameterised statement each, as an application would send it.
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { Operation } from './operations.ts';
import type { RowIds } from './row-ids.ts';

/** Rows written; 0 where the row is not there any more, or never came to be. */
export async function perform(client: Queryable, operation: Operation, ids: RowIds): Promise<number> {
  switch (operation.kind) {
    case 'insert_customer': {
      const { row } = operation;
      // Another demo on the same database may have given the same number.
      const id = await insertedId(
        client,
        `insert into public.customers (full_name, email, country, plan, signed_up_at, last_login_at, logins_30d, purchases_90d, support_tickets_90d)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (email) do update set last_login_at = excluded.signed_up_at returning id`,
        [
          row.full_name,
          row.email,
          row.country,
          row.plan,
          row.signed_up_at,
          row.last_login_at,
          row.logins_30d,
          row.purchases_90d,
          row.support_tickets_90d,
        ],
      );
      ids.customers.set(row.email, id);
      return 1;
    }
    case 'update_customer':
      return await written(
        client,
        `update public.customers
         set last_login_at = coalesce($2, last_login_at), logins_30d = logins_30d + ($2::timestamptz is not null)::integer,
             purchases_90d = purchases_90d + $3, support_tickets_90d = support_tickets_90d + $4
         where id = $1`,
        [ids.customers.get(operation.email), operation.login, operation.purchases, operation.tickets],
      );
    case 'insert_transaction': {
      const customer = ids.customers.get(operation.email);
      if (customer === undefined) return 0;
      const { row } = operation;
      const id = await insertedId(
        client,
        `insert into public.transactions (customer_id, kind, status, amount, currency, merchant_name, merchant_category, merchant_country,
           card_last4, card_present, attempts_10m, distance_from_home_km, occurred_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`,
        [
          customer,
          row.kind,
          row.status,
          row.amount,
          row.currency,
          row.merchant_name,
          row.merchant_category,
          row.merchant_country,
          row.card_last4,
          row.card_present,
          row.attempts_10m,
          row.distance_from_home_km,
          row.occurred_at,
        ],
      );
      ids.transactions.set(operation.ref, id);
      return 1;
    }
    case 'update_status':
      return await written(client, 'update public.transactions set status = $2 where id = $1', [
        ids.transactions.get(operation.ref),
        operation.status,
      ]);
    case 'delete_transaction':
      return await written(client, 'delete from public.transactions where id = $1', [
        ids.transactions.get(operation.ref),
      ]);
    case 'insert_review': {
      const customer = ids.customers.get(operation.email);
      if (customer === undefined) return 0;
      const { row, transaction } = operation;
      const id = await insertedId(
        client,
        `insert into public.reviews (customer_id, transaction_id, product_name, rating, language, title, body, helpful_votes, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
        [
          customer,
          transaction === null ? null : (ids.transactions.get(transaction) ?? null),
          row.product_name,
          row.rating,
          row.language,
          row.title,
          row.body,
          row.helpful_votes,
          row.created_at,
        ],
      );
      ids.reviews.set(operation.ref, id);
      return 1;
    }
    case 'edit_review':
      return await written(client, 'update public.reviews set body = $2, edited_at = $3 where id = $1', [
        ids.reviews.get(operation.ref),
        operation.body,
        operation.editedAt,
      ]);
    case 'vote_review':
      return await written(
        client,
        'update public.reviews set helpful_votes = helpful_votes + $2 where id = $1',
        [ids.reviews.get(operation.ref), operation.votes],
      );
    case 'delete_review':
      return await written(client, 'delete from public.reviews where id = $1', [
        ids.reviews.get(operation.ref),
      ]);
  }
}

type Parameter = string | number | boolean | Date | null | undefined;

async function insertedId(client: Queryable, sql: string, values: readonly Parameter[]): Promise<string> {
  const { rows } = await client.query<{ id: string }>(sql, [...values]);
  const [row] = rows;
  if (row === undefined) throw new RangeError('the insert returned no row');
  return row.id;
}

/** The first value is the id; without one, its insert was lost, and there is nothing to write. */
async function written(client: Queryable, sql: string, values: readonly Parameter[]): Promise<number> {
  if (values[0] === undefined) return 0;
  const { rowCount } = await client.query(sql, [...values]);
  return rowCount ?? 0;
}
