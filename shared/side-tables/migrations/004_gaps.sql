create table afterglow_internal.gaps (
  id               bigint generated always as identity primary key,
  reason           text not null,
  detail           text not null,
  halts            boolean not null,
  tables           jsonb not null,
  from_epoch       integer not null,
  from_lsn         pg_lsn not null,
  to_epoch         integer,
  to_lsn           pg_lsn,
  state            text not null default 'open' check (state in ('open', 'repairing', 'closed')),
  slot_replaced_at timestamptz,
  found_at         timestamptz not null default now(),
  repaired_at      timestamptz,
  closed_at        timestamptz,
  jobs             bigint[] not null default '{}',
  swept            boolean not null default false,
  counts           jsonb
);
-- One halt at a time: what is found while the reader stands still belongs to the same gap.
create unique index gaps_halt_once on afterglow_internal.gaps ((true)) where halts and state = 'open';
comment on table afterglow_internal.gaps is
  'Stretches of the log whose rows may never have reached Kafka, for whatever reason, and what was done about each.';

comment on column afterglow_internal.gaps.jobs is 'The redo jobs that close it.';
comment on column afterglow_internal.gaps.swept is 'Whether jobs for rows that are gone, but still have a result, are among them.';

alter table afterglow_internal.positions add column published jsonb;
comment on column afterglow_internal.positions.published is
  'Publication, tables, columns and identities as the catalog numbered them when this position was stored: another number means that rows in between were never decoded.';
