create table afterglow_internal.schema_versions (
  table_name text not null,
  version    integer not null check (version >= 1),
  columns    jsonb not null,
  since_lsn  pg_lsn not null,
  created_at timestamptz not null default now(),
  primary key (table_name, version)
);
comment on table afterglow_internal.schema_versions is
  'Columns of each captured table as the log described them, from which commit on: a replay gives every event its version again.';
