create type merchant_category as enum ('grocery', 'fuel', 'restaurant', 'clothing', 'electronics', 'travel', 'digital', 'gambling', 'cash');
create type transaction_kind as enum ('purchase', 'refund');
create type transaction_status as enum ('authorized', 'settled', 'declined', 'charged_back');
create type customer_plan as enum ('free', 'plus', 'business');
create table customers (
  id                  bigint generated always as identity primary key,
  full_name           text not null,
  email               text not null unique,
  country             char(2) not null,
  plan                customer_plan not null default 'free',
  signed_up_at        timestamptz not null default now(),
  last_login_at       timestamptz,
  logins_30d          integer not null default 0 check (logins_30d >= 0),
  purchases_90d       integer not null default 0 check (purchases_90d >= 0),
  support_tickets_90d integer not null default 0 check (support_tickets_90d >= 0)
);
create table transactions (
  id                    bigint generated always as identity primary key,
  customer_id           bigint not null references customers,
  kind                  transaction_kind not null default 'purchase',
  status                transaction_status not null default 'authorized',
  amount                numeric(12,2) not null check (amount > 0),
  currency              char(3) not null default 'USD',
  merchant_name         text not null,
  merchant_category     merchant_category not null,
  merchant_country      char(2) not null,
  card_last4            char(4) not null,
  card_present          boolean not null,
  attempts_10m          smallint not null default 1 check (attempts_10m >= 1),
  distance_from_home_km double precision check (distance_from_home_km >= 0),
  occurred_at           timestamptz not null default now()
);
create table reviews (
  id             bigint generated always as identity primary key,
  customer_id    bigint not null references customers,
  transaction_id bigint references transactions,
  product_name   text not null,
  rating         smallint not null check (rating between 1 and 5),
  language       text,
  title          text,
  body           text not null,
  helpful_votes  integer not null default 0,
  created_at     timestamptz not null default now(),
  edited_at      timestamptz
);
create index on transactions (customer_id, occurred_at);
create index on reviews (customer_id);
create index on reviews (transaction_id);
comment on table  customers is 'One row per customer account. Activity counters are refreshed by the application when they change.';
comment on column customers.last_login_at is 'Latest login; NULL when the customer has never logged in.';
comment on column customers.purchases_90d is 'Purchases in the 90 days before the counters were refreshed.';
comment on table  transactions is 'One row per card payment attempt or refund; status changes update the row.';
comment on column transactions.amount is 'Always US dollars and positive, refunds too; kind tells the direction.';
comment on column transactions.currency is 'Currency shown to the customer, ISO 4217; amount is already converted to US dollars.';
comment on column transactions.attempts_10m is 'Attempts with this card in the last 10 minutes, this one included; many small ones are card testing.';
comment on column transactions.distance_from_home_km is 'Distance of the terminal from the home address in km; NULL online.';
comment on table  reviews is 'One row per product review, as last edited. rating is given by the customer, 5 is best.';
comment on column reviews.transaction_id is 'The purchase reviewed; NULL when the review is not tied to a purchase.';
comment on column reviews.language is 'BCP 47 language the customer chose, e.g. en, de, zh-TW; NULL when unknown.';
