create schema afterglow;
comment on schema afterglow is 'Results of Afterglow, for everyone to read.';
create schema afterglow_internal;
comment on schema afterglow_internal is 'Afterglow''s own bookkeeping: only its services write here.';

create table afterglow_internal.migrations (
  version    integer primary key,
  name       text not null,
  applied_at timestamptz not null default now()
);

create table afterglow_internal.pipeline (
  name                 text not null,
  created_by_afterglow boolean not null,
  created_at           timestamptz not null default now()
);
-- One definition is one database: the side tables carry no pipeline in their names.
create unique index pipeline_is_one on afterglow_internal.pipeline ((true));
comment on column afterglow_internal.pipeline.created_by_afterglow is
  'True when Afterglow itself created this database, so that demo tables may go into it.';

create table afterglow_internal.revisions (
  enrichment text not null,
  revision   integer not null check (revision >= 1),
  sha256     text not null,
  content    jsonb not null,
  created_at timestamptz not null default now(),
  primary key (enrichment, revision)
);
comment on table afterglow_internal.revisions is
  'Definitions of each enrichment, numbered by init; the greatest number is the registered one. Going back to an earlier definition gets a new number, since a fence compares numbers.';

create table afterglow_internal.positions (
  pipeline   text primary key,
  epoch      integer not null check (epoch >= 0),
  system_id  text not null,
  timeline   integer not null,
  lsn        pg_lsn not null,
  updated_at timestamptz not null default now()
);
comment on table afterglow_internal.positions is
  'Everything up to here is in Kafka: written before the slot is acknowledged.';

create table afterglow_internal.truncate_fences (
  enrichment  text primary key,
  epoch       integer not null default 0,
  commit_lsn  pg_lsn not null default '0/0',
  event_index integer not null default 0
);
comment on table afterglow_internal.truncate_fences is
  'The newest TRUNCATE of each enrichment''s source: no outcome at or below it is applied any more.';

create table afterglow_internal.topic_partitions (
  topic      text primary key,
  partitions integer not null check (partitions >= 1)
);

create table afterglow_internal.known_groups (
  group_id    text not null,
  topic       text not null,
  partition   integer not null,
  last_offset bigint not null,
  primary key (group_id, topic, partition)
);
comment on table afterglow_internal.known_groups is
  'Offsets as last committed: a group that Kafka no longer knows, but we do, has a gap.';

create table afterglow_internal.crash_counts (
  group_id     text not null,
  topic        text not null,
  partition    integer not null,
  first_offset bigint not null,
  ends         integer not null check (ends >= 1),
  updated_at   timestamptz not null default now(),
  primary key (group_id, topic, partition)
);
comment on table afterglow_internal.crash_counts is
  'How often a worker ended by its own error with this first uncommitted offset.';
