create table afterglow_internal.ledger (
  day                date not null,
  purse              text not null check (purse in ('live', 'redo', 'shadow')),
  enrichment         text not null,
  table_name         text not null,
  spent_nano_usd     bigint not null default 0,
  presumed_nano_usd  bigint not null default 0,
  reserved_nano_usd  bigint not null default 0,
  calls              bigint not null default 0,
  requests           bigint not null default 0,
  cached_requests    bigint not null default 0,
  cached_nano_usd    bigint not null default 0,
  unchanged_rows     bigint not null default 0,
  unchanged_nano_usd bigint not null default 0,
  filtered_rows      bigint not null default 0,
  primary key (day, purse, enrichment, table_name)
);
comment on table afterglow_internal.ledger is
  'What calls cost, by UTC day, purse, enrichment and table, and what was not spent. The day is that on which the money was reserved.';
comment on column afterglow_internal.ledger.presumed_nano_usd is
  'Reserved by processes that never said what became of it: counted as spent.';

comment on column afterglow_internal.ledger.reserved_nano_usd is
  'The most that the calls behind spent_nano_usd could have cost: how far an estimate may be trusted.';

create table afterglow_internal.leases (
  lease            bigint generated always as identity primary key,
  day              date not null,
  purse            text not null check (purse in ('live', 'redo', 'shadow')),
  enrichment       text not null,
  table_name       text not null,
  granted_nano_usd bigint not null check (granted_nano_usd >= 0),
  taken_at         timestamptz not null default clock_timestamp(),
  expires_at       timestamptz not null
);
create index leases_day on afterglow_internal.leases (day, purse);
comment on table afterglow_internal.leases is
  'Money that a process may spend, charged when it was taken. One that has expired counts as spent.';

create table afterglow_internal.budget_alerts (
  day            date not null,
  purse          text not null,
  level          text not null check (level in ('alert', 'reached')),
  enrichment     text not null,
  limit_nano_usd bigint not null,
  told_at        timestamptz not null default now(),
  primary key (day, purse, level, enrichment, limit_nano_usd)
);
comment on table afterglow_internal.budget_alerts is
  'Limits that were told of on notices, so that each is told once a day.';
