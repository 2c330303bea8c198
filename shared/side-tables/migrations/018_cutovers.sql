create table afterglow_internal.cutovers (
  id          bigint generated always as identity primary key,
  enrichment  text not null,
  state       text not null default 'moving' check (state in ('moving', 'done')),
  job         bigint,
  began_at    timestamptz not null default now(),
  finished_at timestamptz
);
create unique index cutovers_once on afterglow_internal.cutovers (enrichment) where state = 'moving';
comment on table afterglow_internal.cutovers is
  'When an enrichment and its shadow changed places. While it moves, tables and revisions have changed places already, the offsets of their groups not yet: both wait.';
comment on column afterglow_internal.cutovers.job is
  'The redo that publishes, without a call, what the tables hold on the topic that counts.';

alter table afterglow_internal.truncate_fences add column turn integer not null default 0;
comment on column afterglow_internal.truncate_fences.turn is
  'How often the tables under this name were changed for those of its shadow: a writer that knows another number would write into the wrong ones.';
