create table afterglow_internal.audits (
  enrichment    text primary key,
  ended_at      timestamptz not null default now(),
  since_seconds integer,
  rows          bigint not null check (rows >= 0),
  missing       bigint not null check (missing >= 0),
  stale         bigint not null check (stale >= 0),
  orphaned      bigint not null check (orphaned >= 0),
  waiting       bigint not null check (waiting >= 0),
  outdated      bigint not null check (outdated >= 0)
);
comment on table afterglow_internal.audits is
  'What the last audit of each enrichment found, after its repair if it had one.';
comment on column afterglow_internal.audits.since_seconds is
  'Only rows that transactions of this long wrote were looked at; null: every row.';
