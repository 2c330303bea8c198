create table afterglow_internal.redo_jobs (
  job             bigint generated always as identity primary key,
  table_schema    text not null,
  table_name      text not null,
  reason          text not null,
  enrichments     text[] not null,
  condition       text,
  by_keys         boolean not null default false,
  state           text not null default 'waiting'
                  check (state in ('waiting', 'running', 'paused', 'done', 'cancelled', 'failed')),
  failure         text,
  estimated_rows  bigint,
  last_key        text[],
  chunks          integer not null default 0,
  rows_done       bigint not null default 0,
  rows_gone       bigint not null default 0,
  rows_superseded bigint not null default 0,
  rows_per_second double precision,
  created_at      timestamptz not null default now(),
  started_at      timestamptz,
  chunk_at        timestamptz,
  finished_at     timestamptz,
  check (condition is null or not by_keys)
);
comment on table afterglow_internal.redo_jobs is
  'Rows to be read again and published for the enrichments named: backfill, first load, replay, repair. The reader does them chunk by chunk.';
comment on column afterglow_internal.redo_jobs.condition is
  'SQL that picks rows; it runs in a read-only transaction.';
comment on column afterglow_internal.redo_jobs.last_key is
  'Everything up to here is confirmed by Kafka: the last key of the table, or with by_keys the last place of the list.';
comment on column afterglow_internal.redo_jobs.rows_superseded is
  'Of rows_done, those that the application changed while they were read: the change itself carries them.';
create index redo_jobs_open on afterglow_internal.redo_jobs (job) where state in ('waiting', 'running', 'paused');

create table afterglow_internal.redo_keys (
  job   bigint not null references afterglow_internal.redo_jobs on delete cascade,
  place bigint not null,
  key   text[] not null,
  primary key (job, place)
);
comment on table afterglow_internal.redo_keys is
  'The rows of a job by_keys: values of the key columns as text, in the order of the key.';
