create table afterglow_internal.partitions (
  table_schema text not null,
  table_name   text not null,
  table_oid    bigint not null,
  partitions   jsonb not null,
  seen_at      timestamptz not null default now(),
  primary key (table_schema, table_name)
);
comment on table afterglow_internal.partitions is
  'The partitions of each partitioned source as the reader last saw them: emptying, detaching and attaching one sends nothing through the log.';

create table afterglow_internal.partition_changes (
  id              bigint generated always as identity primary key,
  table_schema    text not null,
  table_name      text not null,
  attached        text[] not null,
  removed         text[] not null,
  rewritten       text[] not null,
  found_lsn       pg_lsn not null,
  found_at        timestamptz not null default now(),
  to_sweep        text[] not null,
  sweep_condition text,
  jobs            bigint[] not null default '{}',
  told            boolean not null default false
);
comment on table afterglow_internal.partition_changes is
  'Maintenance of partitions that was found, and the redo jobs that follow it.';
comment on column afterglow_internal.partition_changes.to_sweep is
  'Enrichments whose results of rows that are gone are still to be looked for: once everything older than found_lsn is written.';
comment on column afterglow_internal.partition_changes.sweep_condition is
  'SQL over the key that holds for every row the changed partitions could have; null: for every row of the table.';
comment on column afterglow_internal.partition_changes.told is 'Whether notices has it as it stands here.';
create index partition_changes_open on afterglow_internal.partition_changes (id) where not told or to_sweep <> '{}';
