begin;

-- side tables, base: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (1, 'base');

-- side tables, schema_versions: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (2, 'schema_versions');

-- side tables, redo: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (3, 'redo');

-- side tables, gaps: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (4, 'gaps');

-- side tables, request_cache: bookkeeping of the services
create table afterglow_internal.request_cache (
  request_hash  bytea primary key,
  enrichment    text not null,
  result        text not null,
  cost_nano_usd bigint not null check (cost_nano_usd >= 0),
  stored_at     timestamptz not null default now()
);
create index request_cache_age on afterglow_internal.request_cache (stored_at);
comment on table afterglow_internal.request_cache is
  'Answers that were paid by the call, by what was asked: written before the result is published, so that nothing is paid twice. Rows may be deleted at any time; the next equal request is paid again.';
comment on column afterglow_internal.request_cache.cost_nano_usd is
  'What the answer cost, and every later use of it saves.';
insert into "afterglow_internal"."migrations" (version, name) values (5, 'request_cache');

-- side tables, partitions: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (6, 'partitions');

-- side tables, crash_counts: bookkeeping of the services
alter table afterglow_internal.crash_counts
  add column newest_offset bigint not null default 0,
  add column row_offset    bigint,
  add column row_ends      integer not null default 0;
comment on column afterglow_internal.crash_counts.newest_offset is
  'What was under way by then: after three ends everything up to here runs row by row.';
comment on column afterglow_internal.crash_counts.row_offset is
  'The row that was alone under way at the latest end; the one that ends the worker twice is failed as unknown.';

create table afterglow_internal.dropped_letters (
  dead_letter_id text primary key,
  enrichment     text not null,
  dropped_at     timestamptz not null default now()
);
comment on table afterglow_internal.dropped_letters is
  'Failures that somebody looked at and let be: `afterglow dead list` leaves them out. The rows stay failed.';
insert into "afterglow_internal"."migrations" (version, name) values (7, 'crash_counts');

-- side tables, gap_keys: bookkeeping of the services
create table afterglow_internal.gap_keys (
  gap        bigint not null references afterglow_internal.gaps on delete cascade,
  enrichment text not null,
  partition  integer not null,
  key        text[] not null,
  primary key (gap, enrichment, key)
);
comment on table afterglow_internal.gap_keys is
  'Keys with a result on the enriched topic and without a row, collected while the topic is read for a repair in a new epoch.';
insert into "afterglow_internal"."migrations" (version, name) values (8, 'gap_keys');

-- side tables, redo_waits: bookkeeping of the services
alter table afterglow_internal.redo_jobs add column waits_for text;
comment on column afterglow_internal.redo_jobs.waits_for is
  'What keeps an open job from going on, as the reader saw it last; null: nothing does.';
insert into "afterglow_internal"."migrations" (version, name) values (9, 'redo_waits');

-- side tables, gap_notices: bookkeeping of the services
alter table afterglow_internal.gaps add column told boolean not null default false;
comment on column afterglow_internal.gaps.told is 'Whether notices has it as it stands here.';
create index gaps_untold on afterglow_internal.gaps (id) where not told;
insert into "afterglow_internal"."migrations" (version, name) values (10, 'gap_notices');

-- side tables, redo_sweeps: bookkeeping of the services
alter table afterglow_internal.redo_jobs
  add column sweep boolean not null default false,
  add check (not (sweep and by_keys));
comment on column afterglow_internal.redo_jobs.sweep is
  'The job goes through the keys of the state tables instead of the table, and publishes as deleted those that have no row; condition is then over the key.';
insert into "afterglow_internal"."migrations" (version, name) values (11, 'redo_sweeps');

-- side tables, redo_partitions: bookkeeping of the services
alter table afterglow_internal.redo_jobs
  add column of_partitions boolean not null default false,
  add check (not of_partitions or condition is not null);
comment on column afterglow_internal.redo_jobs.of_partitions is
  'The condition is the bounds of partitions: the planner looks nowhere else, so that no key outside of them has to be passed.';
insert into "afterglow_internal"."migrations" (version, name) values (12, 'redo_partitions');

-- side tables, late_keys: bookkeeping of the services
create table afterglow_internal.late_keys (
  enrichment text not null,
  key        jsonb not null,
  partition  integer not null,
  noted_at   timestamptz not null default now(),
  primary key (enrichment, key)
);
comment on table afterglow_internal.late_keys is
  'Keys whose last outcome on the topic is older than the one before it: compaction would keep the wrong one, so they are redone.';
insert into "afterglow_internal"."migrations" (version, name) values (13, 'late_keys');

-- side tables, spend: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (14, 'spend');

-- side tables, compacted_outcomes: bookkeeping of the services
alter table afterglow_internal.known_groups add column compacted_before bigint;
comment on column afterglow_internal.known_groups.compacted_before is
  'Outcomes before this offset may have been compacted away before they were taken; the gap is recorded.';
insert into "afterglow_internal"."migrations" (version, name) values (15, 'compacted_outcomes');

-- side tables, written_outcomes: bookkeeping of the services
create table afterglow_internal.written_outcomes (
  topic        text not null,
  partition    integer not null,
  topic_id     text not null,
  first_offset bigint not null,
  next_offset  bigint not null check (next_offset >= first_offset),
  newest_ms    bigint not null,
  primary key (topic, partition)
) with (fillfactor = 20);
comment on column afterglow_internal.written_outcomes.newest_ms is
  'When Kafka took the newest of them: what came later has the offset of one that a broker lost.';
comment on table afterglow_internal.written_outcomes is
  'Of each partition the stretch whose outcomes are in the side tables, moved on in the transaction that writes them. It may be emptied at any time: then outcomes that come again are compared one by one.';
insert into "afterglow_internal"."migrations" (version, name) values (16, 'written_outcomes');

-- side tables, audits: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (17, 'audits');

-- side tables, cutovers: bookkeeping of the services
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
insert into "afterglow_internal"."migrations" (version, name) values (18, 'cutovers');

-- side tables, cache_seal: bookkeeping of the services
create table afterglow_internal.cache_seal (
  is_single boolean primary key default true check (is_single),
  seal      bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
insert into afterglow_internal.cache_seal default values;
comment on table afterglow_internal.cache_seal is
  'Known to the database alone: answers in Valkey are signed with it, and nothing without that signature is taken for one.';
insert into "afterglow_internal"."migrations" (version, name) values (19, 'cache_seal');

-- side tables, unpaid_redos: bookkeeping of the services
create table afterglow_internal.unpaid_redos (
  enrichment text not null,
  key        text[] not null,
  job        bigint,
  primary key (enrichment, key)
);
comment on table afterglow_internal.unpaid_redos is
  'Rows that were read again, found no money and kept their result: a job reads them once more when there is some.';
comment on column afterglow_internal.unpaid_redos.job is
  'The redo that listed the row since it was last noted: once that is done, the row is noted no more.';

alter table afterglow_internal.ledger add column unpaid_rows bigint not null default 0;
comment on column afterglow_internal.ledger.unpaid_rows is
  'Times that a row was read again, found no money and kept its result: such changes have no outcome.';
insert into "afterglow_internal"."migrations" (version, name) values (20, 'unpaid_redos');

-- side tables, budget: bookkeeping of the services
create table afterglow_internal.budget (
  is_single     boolean primary key default true check (is_single),
  content       json not null,
  registered_at timestamptz not null default now()
);
comment on table afterglow_internal.budget is
  'The budget of the definition that init registered last, null where it has none: services that run see it within seconds.';
insert into "afterglow_internal"."migrations" (version, name) values (21, 'budget');

-- pipeline: one database is one pipeline
insert into "afterglow_internal"."pipeline" (name, created_by_afterglow) values ('afterglow', false);

-- extension vector: vectors need pgvector
create extension if not exists vector schema "public";

-- roles: each service gets what it needs and no more
do $afterglow$begin create role "afterglow_reader" nologin; exception when duplicate_object or unique_violation then null; end$afterglow$;
do $afterglow$begin create role "afterglow_enricher" nologin; exception when duplicate_object or unique_violation then null; end$afterglow$;
do $afterglow$begin create role "afterglow_writer" nologin; exception when duplicate_object or unique_violation then null; end$afterglow$;
do $afterglow$begin create role "afterglow_viewer" nologin; exception when duplicate_object or unique_violation then null; end$afterglow$;

-- publication afterglow: the log then carries the changes of the sources, and of nothing else
create publication "afterglow" for table "public"."transactions" ("id", "customer_id", "kind", "status", "amount", "currency", "merchant_name", "merchant_category", "merchant_country", "card_present", "attempts_10m", "distance_from_home_km", "occurred_at"), "public"."reviews", "public"."customers" ("id", "country", "plan", "signed_up_at", "last_login_at", "logins_30d", "purchases_90d", "support_tickets_90d") with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);

-- side tables of fraud: results are kept beside the rows, in afterglow.fraud
create table if not exists "afterglow_internal"."state_fraud" (
  "key_id" bigint not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  event_index integer not null,
  revision integer not null,
  status text not null check (status in ('scored', 'skipped', 'failed', 'over_budget', 'deleted')),
  reason text,
  input_hash bytea,
  as_of timestamp with time zone not null,
  committed_at timestamp with time zone not null,
  failure_kind text,
  failure_code text,
  failure_message text,
  dead_letter_id text,
  deleted boolean not null generated always as (status = 'deleted') stored,
  updated_at timestamp with time zone not null default now(),
  constraint "state_fraud-key" primary key ("key_id")
) with (fillfactor = 80);
create index if not exists "state_fraud-deleted" on "afterglow_internal"."state_fraud" ("key_id") where deleted;
create index if not exists "state_fraud-over_budget" on "afterglow_internal"."state_fraud" ("key_id") where status = 'over_budget';
insert into "afterglow_internal"."truncate_fences" (enrichment) values ('fraud') on conflict do nothing;
create table if not exists "afterglow"."fraud" (
  "id" bigint not null,
  "score" double precision,
  flagged boolean,
  decision text,
  rule text,
  policy_version text,
  scored_at timestamp with time zone not null,
  cost_nano_usd bigint not null,
  constraint "fraud-key" primary key ("id")
) with (fillfactor = 90);
create index if not exists "fraud-ranked" on "afterglow"."fraud" ("score");
create index if not exists "fraud-flagged" on "afterglow"."fraud" (scored_at) where flagged;

-- side tables of sentiment: results are kept beside the rows, in afterglow.sentiment
create table if not exists "afterglow_internal"."state_sentiment" (
  "key_id" bigint not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  event_index integer not null,
  revision integer not null,
  status text not null check (status in ('scored', 'skipped', 'failed', 'over_budget', 'deleted')),
  reason text,
  input_hash bytea,
  as_of timestamp with time zone not null,
  committed_at timestamp with time zone not null,
  failure_kind text,
  failure_code text,
  failure_message text,
  dead_letter_id text,
  deleted boolean not null generated always as (status = 'deleted') stored,
  updated_at timestamp with time zone not null default now(),
  constraint "state_sentiment-key" primary key ("key_id")
) with (fillfactor = 80);
create index if not exists "state_sentiment-deleted" on "afterglow_internal"."state_sentiment" ("key_id") where deleted;
create index if not exists "state_sentiment-over_budget" on "afterglow_internal"."state_sentiment" ("key_id") where status = 'over_budget';
insert into "afterglow_internal"."truncate_fences" (enrichment) values ('sentiment') on conflict do nothing;
create table if not exists "afterglow"."sentiment" (
  "id" bigint not null,
  "label" text,
  "confidence" double precision,
  "positive" double precision,
  "negative" double precision,
  "neutral" double precision,
  "mixed" double precision,
  "language" text,
  "language_origin" text,
  "truncated" boolean,
  flagged boolean,
  decision text,
  rule text,
  policy_version text,
  scored_at timestamp with time zone not null,
  cost_nano_usd bigint not null,
  constraint "sentiment-key" primary key ("id")
) with (fillfactor = 90);
create index if not exists "sentiment-ranked" on "afterglow"."sentiment" ("label");
create index if not exists "sentiment-flagged" on "afterglow"."sentiment" (scored_at) where flagged;

-- side tables of embedding: results are kept beside the rows, in afterglow.embedding
create table if not exists "afterglow_internal"."state_embedding" (
  "key_id" bigint not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  event_index integer not null,
  revision integer not null,
  status text not null check (status in ('scored', 'skipped', 'failed', 'over_budget', 'deleted')),
  reason text,
  input_hash bytea,
  as_of timestamp with time zone not null,
  committed_at timestamp with time zone not null,
  failure_kind text,
  failure_code text,
  failure_message text,
  dead_letter_id text,
  deleted boolean not null generated always as (status = 'deleted') stored,
  updated_at timestamp with time zone not null default now(),
  constraint "state_embedding-key" primary key ("key_id")
) with (fillfactor = 80);
create index if not exists "state_embedding-deleted" on "afterglow_internal"."state_embedding" ("key_id") where deleted;
create index if not exists "state_embedding-over_budget" on "afterglow_internal"."state_embedding" ("key_id") where status = 'over_budget';
insert into "afterglow_internal"."truncate_fences" (enrichment) values ('embedding') on conflict do nothing;
create table if not exists "afterglow"."embedding" (
  "id" bigint not null,
  chunk integer not null,
  chunk_start integer not null,
  chunk_end integer not null,
  tokens integer not null,
  "embedding" public.halfvec(1024),
  flagged boolean,
  decision text,
  rule text,
  policy_version text,
  scored_at timestamp with time zone not null,
  cost_nano_usd bigint not null,
  constraint "embedding-key" primary key ("id", chunk)
) with (fillfactor = 90);
create index if not exists "embedding-similar" on "afterglow"."embedding" using hnsw ("embedding" public.halfvec_cosine_ops);

-- side tables of churn: results are kept beside the rows, in afterglow.churn
create table if not exists "afterglow_internal"."state_churn" (
  "key_id" bigint not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  event_index integer not null,
  revision integer not null,
  status text not null check (status in ('scored', 'skipped', 'failed', 'over_budget', 'deleted')),
  reason text,
  input_hash bytea,
  as_of timestamp with time zone not null,
  committed_at timestamp with time zone not null,
  failure_kind text,
  failure_code text,
  failure_message text,
  dead_letter_id text,
  deleted boolean not null generated always as (status = 'deleted') stored,
  updated_at timestamp with time zone not null default now(),
  constraint "state_churn-key" primary key ("key_id")
) with (fillfactor = 80);
create index if not exists "state_churn-deleted" on "afterglow_internal"."state_churn" ("key_id") where deleted;
create index if not exists "state_churn-over_budget" on "afterglow_internal"."state_churn" ("key_id") where status = 'over_budget';
insert into "afterglow_internal"."truncate_fences" (enrichment) values ('churn') on conflict do nothing;
create table if not exists "afterglow"."churn" (
  "id" bigint not null,
  "probability" double precision,
  flagged boolean,
  decision text,
  rule text,
  policy_version text,
  scored_at timestamp with time zone not null,
  cost_nano_usd bigint not null,
  constraint "churn-key" primary key ("id")
) with (fillfactor = 90);
create index if not exists "churn-ranked" on "afterglow"."churn" ("probability");
create index if not exists "churn-flagged" on "afterglow"."churn" (scored_at) where flagged;

-- view afterglow.transactions_enriched: source rows with their results beside them
create or replace function "afterglow_internal"."transactions_enriched_1"()
returns table ("id" bigint, "customer_id" bigint, "kind" public.transaction_kind, "status" public.transaction_status, "amount" numeric, "currency" bpchar, "merchant_name" text, "merchant_category" public.merchant_category, "merchant_country" bpchar, "card_last4" bpchar, "card_present" boolean, "attempts_10m" smallint, "distance_from_home_km" double precision, "occurred_at" timestamp with time zone, "fraud_status" text, "fraud_score" double precision, "fraud_flagged" boolean, "fraud_decision" text, "fraud_scored_at" timestamp with time zone)
language sql stable parallel safe
as $afterglow$
select
  source."id" as "id",
  source."customer_id" as "customer_id",
  source."kind" as "kind",
  source."status" as "status",
  source."amount" as "amount",
  source."currency" as "currency",
  source."merchant_name" as "merchant_name",
  source."merchant_category" as "merchant_category",
  source."merchant_country" as "merchant_country",
  source."card_last4" as "card_last4",
  source."card_present" as "card_present",
  source."attempts_10m" as "attempts_10m",
  source."distance_from_home_km" as "distance_from_home_km",
  source."occurred_at" as "occurred_at",
  coalesce(nullif(state1.status, 'deleted'), 'pending') as "fraud_status",
  result1."score" as "fraud_score",
  result1."flagged" as "fraud_flagged",
  result1."decision" as "fraud_decision",
  result1."scored_at" as "fraud_scored_at"
from "public"."transactions" as source
left join "afterglow_internal"."state_fraud" as state1 on state1."key_id" = source."id"
left join "afterglow"."fraud" as result1 on result1."id" = source."id"
$afterglow$;
create or replace view "afterglow"."transactions_enriched" as select * from "afterglow_internal"."transactions_enriched_1"();
create or replace function "afterglow_internal"."transactions_enriched_mend"() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $afterglow1$
declare
  wanted text;
  returned text;
begin
  -- Set-up, or another writer, is at it already.
  if not pg_try_advisory_xact_lock(1634104423) then return false; end if;
  -- The types that the view has, by the names that they have now.
  select E'\nselect\n  ' || string_agg(coalesce(known.query, case
      when now.oid is null then 'null::' || declared.type
      when now.oid = declared.oid then 'source.' || known.label
      when exists (select from pg_cast where castsource = now.oid and casttarget = declared.oid)
        then 'source.' || known.label || '::' || declared.type
      else 'source.' || known.label || '::text::' || declared.type end) || ' as ' || known.label, E',\n  ' order by known.place)
      || E'\nfrom ' || $afterglow$"public"."transactions" as source
left join "afterglow_internal"."state_fraud" as state1 on state1."key_id" = source."id"
left join "afterglow"."fraud" as result1 on result1."id" = source."id"$afterglow$ || E'\n',
      string_agg(known.label || ' ' || declared.type, ', ' order by known.place)
    into wanted, returned
    from (values
      (1, $afterglow$"id"$afterglow$, null::text),
      (2, $afterglow$"customer_id"$afterglow$, null::text),
      (3, $afterglow$"kind"$afterglow$, null::text),
      (4, $afterglow$"status"$afterglow$, null::text),
      (5, $afterglow$"amount"$afterglow$, null::text),
      (6, $afterglow$"currency"$afterglow$, null::text),
      (7, $afterglow$"merchant_name"$afterglow$, null::text),
      (8, $afterglow$"merchant_category"$afterglow$, null::text),
      (9, $afterglow$"merchant_country"$afterglow$, null::text),
      (10, $afterglow$"card_last4"$afterglow$, null::text),
      (11, $afterglow$"card_present"$afterglow$, null::text),
      (12, $afterglow$"attempts_10m"$afterglow$, null::text),
      (13, $afterglow$"distance_from_home_km"$afterglow$, null::text),
      (14, $afterglow$"occurred_at"$afterglow$, null::text),
      (15, $afterglow$"fraud_status"$afterglow$, $afterglow$coalesce(nullif(state1.status, 'deleted'), 'pending')$afterglow$),
      (16, $afterglow$"fraud_score"$afterglow$, $afterglow$result1."score"$afterglow$),
      (17, $afterglow$"fraud_flagged"$afterglow$, $afterglow$result1."flagged"$afterglow$),
      (18, $afterglow$"fraud_decision"$afterglow$, $afterglow$result1."decision"$afterglow$),
      (19, $afterglow$"fraud_scored_at"$afterglow$, $afterglow$result1."scored_at"$afterglow$)
    ) as known(place, label, query)
    join (
      select attribute.place, attribute.atttypid as oid, case when type_schema.nspname = 'pg_catalog'
    then format_type(attribute.atttypid, -1)
    else format('%I.%I', type_schema.nspname, type.typname) ||
      case when -1 >= 0 then coalesce(substring(format_type(attribute.atttypid, -1) from '\([^()]*\)$'), '') else '' end end as type
        from pg_proc made
        cross join lateral unnest(made.proallargtypes) with ordinality as attribute(atttypid, place)
        join pg_type type on type.oid = attribute.atttypid
        join pg_namespace type_schema on type_schema.oid = type.typnamespace
       where made.oid = to_regprocedure($afterglow$"afterglow_internal"."transactions_enriched_1"()$afterglow$)
    ) as declared on declared.place = known.place
    left join (
      select '"' || replace(attribute.attname, '"', '""') || '"' as label, attribute.atttypid as oid
        from pg_attribute attribute
       where attribute.attrelid = to_regclass($afterglow$"public"."transactions"$afterglow$)
         and attribute.attnum > 0 and not attribute.attisdropped
    ) as now on now.label = known.label;
  if wanted is not distinct from (select prosrc from pg_proc where oid = to_regprocedure($afterglow$"afterglow_internal"."transactions_enriched_1"()$afterglow$)) then
    return false;
  end if;
  execute $afterglow$create or replace function "afterglow_internal"."transactions_enriched_1"()
returns table ($afterglow$ || returned
    || $afterglow$)
language sql stable parallel safe
as $afterglow$ || quote_literal(wanted);
  return true;
end$afterglow1$;
revoke all on function "afterglow_internal"."transactions_enriched_mend"() from public;
grant execute on function "afterglow_internal"."transactions_enriched_mend"() to "afterglow_writer";

-- view afterglow.reviews_enriched: source rows with their results beside them
create or replace function "afterglow_internal"."reviews_enriched_1"()
returns table ("id" bigint, "customer_id" bigint, "transaction_id" bigint, "product_name" text, "rating" smallint, "language" text, "title" text, "body" text, "helpful_votes" integer, "created_at" timestamp with time zone, "edited_at" timestamp with time zone, "sentiment_status" text, "sentiment_label" text, "sentiment_confidence" double precision, "sentiment_positive" double precision, "sentiment_negative" double precision, "sentiment_neutral" double precision, "sentiment_mixed" double precision, "sentiment_language" text, "sentiment_language_origin" text, "sentiment_truncated" boolean, "sentiment_flagged" boolean, "sentiment_decision" text, "sentiment_scored_at" timestamp with time zone, "embedding_status" text, "embedding_scored_at" timestamp with time zone)
language sql stable parallel safe
as $afterglow$
select
  source."id" as "id",
  source."customer_id" as "customer_id",
  source."transaction_id" as "transaction_id",
  source."product_name" as "product_name",
  source."rating" as "rating",
  source."language" as "language",
  source."title" as "title",
  source."body" as "body",
  source."helpful_votes" as "helpful_votes",
  source."created_at" as "created_at",
  source."edited_at" as "edited_at",
  coalesce(nullif(state1.status, 'deleted'), 'pending') as "sentiment_status",
  result1."label" as "sentiment_label",
  result1."confidence" as "sentiment_confidence",
  result1."positive" as "sentiment_positive",
  result1."negative" as "sentiment_negative",
  result1."neutral" as "sentiment_neutral",
  result1."mixed" as "sentiment_mixed",
  result1."language" as "sentiment_language",
  result1."language_origin" as "sentiment_language_origin",
  result1."truncated" as "sentiment_truncated",
  result1."flagged" as "sentiment_flagged",
  result1."decision" as "sentiment_decision",
  result1."scored_at" as "sentiment_scored_at",
  coalesce(nullif(state2.status, 'deleted'), 'pending') as "embedding_status",
  result2."scored_at" as "embedding_scored_at"
from "public"."reviews" as source
left join "afterglow_internal"."state_sentiment" as state1 on state1."key_id" = source."id"
left join "afterglow"."sentiment" as result1 on result1."id" = source."id"
left join "afterglow_internal"."state_embedding" as state2 on state2."key_id" = source."id"
left join "afterglow"."embedding" as result2 on result2."id" = source."id" and result2.chunk = 0
$afterglow$;
create or replace view "afterglow"."reviews_enriched" as select * from "afterglow_internal"."reviews_enriched_1"();
create or replace function "afterglow_internal"."reviews_enriched_mend"() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $afterglow1$
declare
  wanted text;
  returned text;
begin
  -- Set-up, or another writer, is at it already.
  if not pg_try_advisory_xact_lock(1634104423) then return false; end if;
  -- The types that the view has, by the names that they have now.
  select E'\nselect\n  ' || string_agg(coalesce(known.query, case
      when now.oid is null then 'null::' || declared.type
      when now.oid = declared.oid then 'source.' || known.label
      when exists (select from pg_cast where castsource = now.oid and casttarget = declared.oid)
        then 'source.' || known.label || '::' || declared.type
      else 'source.' || known.label || '::text::' || declared.type end) || ' as ' || known.label, E',\n  ' order by known.place)
      || E'\nfrom ' || $afterglow$"public"."reviews" as source
left join "afterglow_internal"."state_sentiment" as state1 on state1."key_id" = source."id"
left join "afterglow"."sentiment" as result1 on result1."id" = source."id"
left join "afterglow_internal"."state_embedding" as state2 on state2."key_id" = source."id"
left join "afterglow"."embedding" as result2 on result2."id" = source."id" and result2.chunk = 0$afterglow$ || E'\n',
      string_agg(known.label || ' ' || declared.type, ', ' order by known.place)
    into wanted, returned
    from (values
      (1, $afterglow$"id"$afterglow$, null::text),
      (2, $afterglow$"customer_id"$afterglow$, null::text),
      (3, $afterglow$"transaction_id"$afterglow$, null::text),
      (4, $afterglow$"product_name"$afterglow$, null::text),
      (5, $afterglow$"rating"$afterglow$, null::text),
      (6, $afterglow$"language"$afterglow$, null::text),
      (7, $afterglow$"title"$afterglow$, null::text),
      (8, $afterglow$"body"$afterglow$, null::text),
      (9, $afterglow$"helpful_votes"$afterglow$, null::text),
      (10, $afterglow$"created_at"$afterglow$, null::text),
      (11, $afterglow$"edited_at"$afterglow$, null::text),
      (12, $afterglow$"sentiment_status"$afterglow$, $afterglow$coalesce(nullif(state1.status, 'deleted'), 'pending')$afterglow$),
      (13, $afterglow$"sentiment_label"$afterglow$, $afterglow$result1."label"$afterglow$),
      (14, $afterglow$"sentiment_confidence"$afterglow$, $afterglow$result1."confidence"$afterglow$),
      (15, $afterglow$"sentiment_positive"$afterglow$, $afterglow$result1."positive"$afterglow$),
      (16, $afterglow$"sentiment_negative"$afterglow$, $afterglow$result1."negative"$afterglow$),
      (17, $afterglow$"sentiment_neutral"$afterglow$, $afterglow$result1."neutral"$afterglow$),
      (18, $afterglow$"sentiment_mixed"$afterglow$, $afterglow$result1."mixed"$afterglow$),
      (19, $afterglow$"sentiment_language"$afterglow$, $afterglow$result1."language"$afterglow$),
      (20, $afterglow$"sentiment_language_origin"$afterglow$, $afterglow$result1."language_origin"$afterglow$),
      (21, $afterglow$"sentiment_truncated"$afterglow$, $afterglow$result1."truncated"$afterglow$),
      (22, $afterglow$"sentiment_flagged"$afterglow$, $afterglow$result1."flagged"$afterglow$),
      (23, $afterglow$"sentiment_decision"$afterglow$, $afterglow$result1."decision"$afterglow$),
      (24, $afterglow$"sentiment_scored_at"$afterglow$, $afterglow$result1."scored_at"$afterglow$),
      (25, $afterglow$"embedding_status"$afterglow$, $afterglow$coalesce(nullif(state2.status, 'deleted'), 'pending')$afterglow$),
      (26, $afterglow$"embedding_scored_at"$afterglow$, $afterglow$result2."scored_at"$afterglow$)
    ) as known(place, label, query)
    join (
      select attribute.place, attribute.atttypid as oid, case when type_schema.nspname = 'pg_catalog'
    then format_type(attribute.atttypid, -1)
    else format('%I.%I', type_schema.nspname, type.typname) ||
      case when -1 >= 0 then coalesce(substring(format_type(attribute.atttypid, -1) from '\([^()]*\)$'), '') else '' end end as type
        from pg_proc made
        cross join lateral unnest(made.proallargtypes) with ordinality as attribute(atttypid, place)
        join pg_type type on type.oid = attribute.atttypid
        join pg_namespace type_schema on type_schema.oid = type.typnamespace
       where made.oid = to_regprocedure($afterglow$"afterglow_internal"."reviews_enriched_1"()$afterglow$)
    ) as declared on declared.place = known.place
    left join (
      select '"' || replace(attribute.attname, '"', '""') || '"' as label, attribute.atttypid as oid
        from pg_attribute attribute
       where attribute.attrelid = to_regclass($afterglow$"public"."reviews"$afterglow$)
         and attribute.attnum > 0 and not attribute.attisdropped
    ) as now on now.label = known.label;
  if wanted is not distinct from (select prosrc from pg_proc where oid = to_regprocedure($afterglow$"afterglow_internal"."reviews_enriched_1"()$afterglow$)) then
    return false;
  end if;
  execute $afterglow$create or replace function "afterglow_internal"."reviews_enriched_1"()
returns table ($afterglow$ || returned
    || $afterglow$)
language sql stable parallel safe
as $afterglow$ || quote_literal(wanted);
  return true;
end$afterglow1$;
revoke all on function "afterglow_internal"."reviews_enriched_mend"() from public;
grant execute on function "afterglow_internal"."reviews_enriched_mend"() to "afterglow_writer";

-- view afterglow.customers_enriched: source rows with their results beside them
create or replace function "afterglow_internal"."customers_enriched_1"()
returns table ("id" bigint, "full_name" text, "email" text, "country" bpchar, "plan" public.customer_plan, "signed_up_at" timestamp with time zone, "last_login_at" timestamp with time zone, "logins_30d" integer, "purchases_90d" integer, "support_tickets_90d" integer, "churn_status" text, "churn_probability" double precision, "churn_flagged" boolean, "churn_decision" text, "churn_scored_at" timestamp with time zone)
language sql stable parallel safe
as $afterglow$
select
  source."id" as "id",
  source."full_name" as "full_name",
  source."email" as "email",
  source."country" as "country",
  source."plan" as "plan",
  source."signed_up_at" as "signed_up_at",
  source."last_login_at" as "last_login_at",
  source."logins_30d" as "logins_30d",
  source."purchases_90d" as "purchases_90d",
  source."support_tickets_90d" as "support_tickets_90d",
  coalesce(nullif(state1.status, 'deleted'), 'pending') as "churn_status",
  result1."probability" as "churn_probability",
  result1."flagged" as "churn_flagged",
  result1."decision" as "churn_decision",
  result1."scored_at" as "churn_scored_at"
from "public"."customers" as source
left join "afterglow_internal"."state_churn" as state1 on state1."key_id" = source."id"
left join "afterglow"."churn" as result1 on result1."id" = source."id"
$afterglow$;
create or replace view "afterglow"."customers_enriched" as select * from "afterglow_internal"."customers_enriched_1"();
create or replace function "afterglow_internal"."customers_enriched_mend"() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $afterglow1$
declare
  wanted text;
  returned text;
begin
  -- Set-up, or another writer, is at it already.
  if not pg_try_advisory_xact_lock(1634104423) then return false; end if;
  -- The types that the view has, by the names that they have now.
  select E'\nselect\n  ' || string_agg(coalesce(known.query, case
      when now.oid is null then 'null::' || declared.type
      when now.oid = declared.oid then 'source.' || known.label
      when exists (select from pg_cast where castsource = now.oid and casttarget = declared.oid)
        then 'source.' || known.label || '::' || declared.type
      else 'source.' || known.label || '::text::' || declared.type end) || ' as ' || known.label, E',\n  ' order by known.place)
      || E'\nfrom ' || $afterglow$"public"."customers" as source
left join "afterglow_internal"."state_churn" as state1 on state1."key_id" = source."id"
left join "afterglow"."churn" as result1 on result1."id" = source."id"$afterglow$ || E'\n',
      string_agg(known.label || ' ' || declared.type, ', ' order by known.place)
    into wanted, returned
    from (values
      (1, $afterglow$"id"$afterglow$, null::text),
      (2, $afterglow$"full_name"$afterglow$, null::text),
      (3, $afterglow$"email"$afterglow$, null::text),
      (4, $afterglow$"country"$afterglow$, null::text),
      (5, $afterglow$"plan"$afterglow$, null::text),
      (6, $afterglow$"signed_up_at"$afterglow$, null::text),
      (7, $afterglow$"last_login_at"$afterglow$, null::text),
      (8, $afterglow$"logins_30d"$afterglow$, null::text),
      (9, $afterglow$"purchases_90d"$afterglow$, null::text),
      (10, $afterglow$"support_tickets_90d"$afterglow$, null::text),
      (11, $afterglow$"churn_status"$afterglow$, $afterglow$coalesce(nullif(state1.status, 'deleted'), 'pending')$afterglow$),
      (12, $afterglow$"churn_probability"$afterglow$, $afterglow$result1."probability"$afterglow$),
      (13, $afterglow$"churn_flagged"$afterglow$, $afterglow$result1."flagged"$afterglow$),
      (14, $afterglow$"churn_decision"$afterglow$, $afterglow$result1."decision"$afterglow$),
      (15, $afterglow$"churn_scored_at"$afterglow$, $afterglow$result1."scored_at"$afterglow$)
    ) as known(place, label, query)
    join (
      select attribute.place, attribute.atttypid as oid, case when type_schema.nspname = 'pg_catalog'
    then format_type(attribute.atttypid, -1)
    else format('%I.%I', type_schema.nspname, type.typname) ||
      case when -1 >= 0 then coalesce(substring(format_type(attribute.atttypid, -1) from '\([^()]*\)$'), '') else '' end end as type
        from pg_proc made
        cross join lateral unnest(made.proallargtypes) with ordinality as attribute(atttypid, place)
        join pg_type type on type.oid = attribute.atttypid
        join pg_namespace type_schema on type_schema.oid = type.typnamespace
       where made.oid = to_regprocedure($afterglow$"afterglow_internal"."customers_enriched_1"()$afterglow$)
    ) as declared on declared.place = known.place
    left join (
      select '"' || replace(attribute.attname, '"', '""') || '"' as label, attribute.atttypid as oid
        from pg_attribute attribute
       where attribute.attrelid = to_regclass($afterglow$"public"."customers"$afterglow$)
         and attribute.attnum > 0 and not attribute.attisdropped
    ) as now on now.label = known.label;
  if wanted is not distinct from (select prosrc from pg_proc where oid = to_regprocedure($afterglow$"afterglow_internal"."customers_enriched_1"()$afterglow$)) then
    return false;
  end if;
  execute $afterglow$create or replace function "afterglow_internal"."customers_enriched_1"()
returns table ($afterglow$ || returned
    || $afterglow$)
language sql stable parallel safe
as $afterglow$ || quote_literal(wanted);
  return true;
end$afterglow1$;
revoke all on function "afterglow_internal"."customers_enriched_mend"() from public;
grant execute on function "afterglow_internal"."customers_enriched_mend"() to "afterglow_writer";

-- function of fraud: one result by key, in any query
create or replace function "afterglow"."fraud_score"("id" bigint)
returns double precision
language sql stable parallel safe
as $afterglow$select result."score" from "afterglow"."fraud" as result where result."id" = $1$afterglow$;

-- function of sentiment: one result by key, in any query
create or replace function "afterglow"."sentiment_label"("id" bigint)
returns text
language sql stable parallel safe
as $afterglow$select result."label" from "afterglow"."sentiment" as result where result."id" = $1$afterglow$;

-- function of churn: one result by key, in any query
create or replace function "afterglow"."churn_probability"("id" bigint)
returns double precision
language sql stable parallel safe
as $afterglow$select result."probability" from "afterglow"."churn" as result where result."id" = $1$afterglow$;

-- function similar: rows whose texts are alike, in any query
do $$ begin perform '[1]'::"public".halfvec; end $$;
create or replace function "afterglow"."similar"(enrichment text, query "public".halfvec, k integer default 10, min_similarity double precision default null)
returns table (key jsonb, chunk integer, similarity double precision)
language plpgsql stable set hnsw.iterative_scan = strict_order set hnsw.ef_search = 100
as $afterglow1$
declare
  key_columns text;
  taken integer := 2 * k;
  fetched bigint;
  keys jsonb[];
  chunks integer[];
  similarities double precision[];
begin
  if k is null or k < 1 or k > 1000 then
    raise exception 'k is a number from 1 to 1000' using errcode = '22023';
  end if;
  if "public".l2_norm(query) = 0 then
    raise exception 'nothing is like a vector of zeros' using errcode = '22023';
  end if;
  select string_agg(format('%L, stored.%I', attribute.attname, attribute.attname), ', ' order by key.place) into key_columns
    from pg_catalog.pg_class relation
    join pg_catalog.pg_index index on index.indrelid = relation.oid and index.indisprimary
    cross join lateral unnest(index.indkey::int2[]) with ordinality as key(number, place)
    join pg_catalog.pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum = key.number
   where relation.relnamespace = 'afterglow'::regnamespace and relation.relname = enrichment and attribute.attname <> 'chunk'
     and exists (select from pg_catalog.pg_attribute vector
                  where vector.attrelid = relation.oid and vector.attname = 'embedding' and not vector.attisdropped);
  if key_columns is null then
    raise exception 'there is no enrichment "%" that makes vectors', enrichment using errcode = '22023';
  end if;
  loop
    execute format($afterglow$select array_agg(best.key order by best.distance, best.key), array_agg(best.chunk order by best.distance, best.key),
           array_agg(1 - best.distance order by best.distance, best.key), max(best.fetched)
      from (select distinct on (near.key) near.*
              from (select jsonb_build_object(%s) as key, stored.chunk, stored.distance, count(*) over () as fetched
                      from (select *, embedding operator("public".<=>) $1 as distance from "afterglow".%I
                             order by embedding operator("public".<=>) $1 limit $2) as stored) as near
             order by near.key, near.distance) as best$afterglow$, key_columns, enrichment)
      into keys, chunks, similarities, fetched using query, taken;
    exit when cardinality(keys) >= k or fetched < taken or fetched is null;
    taken := 4 * taken;
  end loop;
  return query
    select found.key, found.chunk, found.similarity
      from unnest(keys, chunks, similarities) with ordinality as found(key, chunk, similarity, place)
     where min_similarity is null or found.similarity >= min_similarity
     order by found.place limit k;
end$afterglow1$;

-- privileges: least privilege for each role
grant usage on schema "afterglow_internal" to "afterglow_reader";
grant usage on schema "afterglow_internal" to "afterglow_enricher";
grant usage on schema "afterglow_internal" to "afterglow_writer";
grant usage on schema "afterglow_internal" to "afterglow_viewer";
grant usage on schema "afterglow" to "afterglow_enricher";
grant usage on schema "afterglow" to "afterglow_writer";
grant usage on schema "afterglow" to "afterglow_viewer";
grant select on table "afterglow_internal"."migrations" to "afterglow_reader";
grant select on table "afterglow_internal"."pipeline" to "afterglow_reader";
grant select on table "afterglow_internal"."revisions" to "afterglow_reader";
grant select on table "afterglow_internal"."topic_partitions" to "afterglow_reader";
grant select on table "afterglow_internal"."cutovers" to "afterglow_reader";
grant select on table "afterglow_internal"."migrations" to "afterglow_enricher";
grant select on table "afterglow_internal"."pipeline" to "afterglow_enricher";
grant select on table "afterglow_internal"."revisions" to "afterglow_enricher";
grant select on table "afterglow_internal"."topic_partitions" to "afterglow_enricher";
grant select on table "afterglow_internal"."cutovers" to "afterglow_enricher";
grant select on table "afterglow_internal"."migrations" to "afterglow_writer";
grant select on table "afterglow_internal"."pipeline" to "afterglow_writer";
grant select on table "afterglow_internal"."revisions" to "afterglow_writer";
grant select on table "afterglow_internal"."topic_partitions" to "afterglow_writer";
grant select on table "afterglow_internal"."cutovers" to "afterglow_writer";
grant select, insert, update, delete on table "afterglow_internal"."known_groups" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."crash_counts" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."known_groups" to "afterglow_writer";
grant select, insert, update, delete on table "afterglow_internal"."crash_counts" to "afterglow_writer";
grant select, insert, update, delete on table "afterglow_internal"."request_cache" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."ledger" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."leases" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."budget_alerts" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow_internal"."unpaid_redos" to "afterglow_enricher";
grant select on table "afterglow_internal"."positions" to "afterglow_enricher";
grant select on table "afterglow_internal"."cache_seal" to "afterglow_enricher";
grant select on table "afterglow_internal"."budget" to "afterglow_enricher";
grant select, insert on table "afterglow_internal"."redo_jobs" to "afterglow_enricher";
grant select, insert on table "afterglow_internal"."redo_keys" to "afterglow_enricher";
grant select, insert, update on table "afterglow_internal"."gaps" to "afterglow_enricher";
grant select, insert on table "afterglow_internal"."redo_jobs" to "afterglow_writer";
grant select, insert on table "afterglow_internal"."redo_keys" to "afterglow_writer";
grant select, insert, update on table "afterglow_internal"."gaps" to "afterglow_writer";
grant select, insert on table "afterglow_internal"."schema_versions" to "afterglow_reader";
grant select on table "afterglow_internal"."ledger" to "afterglow_reader";
grant select on table "afterglow_internal"."leases" to "afterglow_reader";
grant select on table "afterglow_internal"."budget" to "afterglow_reader";
grant select on table "afterglow_internal"."written_outcomes" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."redo_jobs" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."redo_keys" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."gap_keys" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."partition_changes" to "afterglow_reader";
grant select, insert, update on table "afterglow_internal"."positions" to "afterglow_reader";
grant select, insert, update on table "afterglow_internal"."gaps" to "afterglow_reader";
grant select, insert, update on table "afterglow_internal"."partitions" to "afterglow_reader";
grant select, update on table "afterglow_internal"."truncate_fences" to "afterglow_writer";
grant select, insert, update, delete on table "afterglow_internal"."late_keys" to "afterglow_writer";
grant select, insert, update, delete on table "afterglow_internal"."written_outcomes" to "afterglow_writer";
grant select ("id", "customer_id", "kind", "status", "amount", "currency", "merchant_name", "merchant_category", "merchant_country", "card_present", "attempts_10m", "distance_from_home_km", "occurred_at") on table "public"."transactions" to "afterglow_reader";
grant select ("id", "customer_id", "kind", "status", "amount", "currency", "merchant_name", "merchant_category", "merchant_country", "card_present", "attempts_10m", "distance_from_home_km", "occurred_at") on table "public"."transactions" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_fraud" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_fraud" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."state_fraud" to "afterglow_writer";
grant select on table "afterglow_internal"."state_fraud" to "afterglow_viewer";
grant select on table "afterglow"."fraud" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow"."fraud" to "afterglow_writer";
grant select on table "afterglow"."fraud" to "afterglow_viewer";
grant select on table "afterglow"."transactions_enriched" to "afterglow_viewer";
grant select on table "public"."reviews" to "afterglow_reader";
grant select on table "public"."reviews" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_sentiment" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_sentiment" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."state_sentiment" to "afterglow_writer";
grant select on table "afterglow_internal"."state_sentiment" to "afterglow_viewer";
grant select on table "afterglow"."sentiment" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow"."sentiment" to "afterglow_writer";
grant select on table "afterglow"."sentiment" to "afterglow_viewer";
grant select on table "afterglow_internal"."state_embedding" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_embedding" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."state_embedding" to "afterglow_writer";
grant select on table "afterglow_internal"."state_embedding" to "afterglow_viewer";
grant select on table "afterglow"."embedding" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow"."embedding" to "afterglow_writer";
grant select on table "afterglow"."embedding" to "afterglow_viewer";
grant select on table "afterglow"."reviews_enriched" to "afterglow_viewer";
grant select ("id", "country", "plan", "signed_up_at", "last_login_at", "logins_30d", "purchases_90d", "support_tickets_90d") on table "public"."customers" to "afterglow_reader";
grant select ("id", "country", "plan", "signed_up_at", "last_login_at", "logins_30d", "purchases_90d", "support_tickets_90d") on table "public"."customers" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_churn" to "afterglow_enricher";
grant select on table "afterglow_internal"."state_churn" to "afterglow_reader";
grant select, insert, update, delete on table "afterglow_internal"."state_churn" to "afterglow_writer";
grant select on table "afterglow_internal"."state_churn" to "afterglow_viewer";
grant select on table "afterglow"."churn" to "afterglow_enricher";
grant select, insert, update, delete on table "afterglow"."churn" to "afterglow_writer";
grant select on table "afterglow"."churn" to "afterglow_viewer";
grant select on table "afterglow"."customers_enriched" to "afterglow_viewer";

-- sight of open transactions: the reader has to tell one that waits from one that is about to be seen, and how long it has been open
grant pg_read_all_stats to "afterglow_reader";

-- revision 1 of fraud: its first definition
insert into "afterglow_internal"."revisions" (enrichment, revision, sha256, content) values ('fraud', 1, '85eed02004a9ea9b008e5858ea455a9f3b64c6e31017977be74ef8db4ee7c582',  E'{"decide":[{"action":"hold","when":"score >= 0.9"},{"action":"review","when":"score >= 0.7"},{"action":"accept","when":null}],"flag":"score >= 0.9","from":"transactions","input":[{"expression":"amount","name":"amount"},{"expression":"attempts_10m","name":"attempts_10m"},{"expression":"card_present","name":"card_present"},{"expression":"occurred_at.getHours()","name":"hour_utc"},{"expression":"distance_from_home_km.orValue(-1.0)","name":"distance_km"},{"expression":"code(merchant_category, [\\"grocery\\", \\"fuel\\", \\"restaurant\\", \\"clothing\\", \\"electronics\\", \\"travel\\", \\"digital\\", \\"gambling\\", \\"cash\\"])","name":"category"}],"model":{"endpoint":"fraud-xgboost","format":"csv","kind":"sagemaker","version":"2026-10"},"output":{"score":"float"},"table":{"name":"transactions","schema":"public"},"when":"kind == \\"purchase\\""}');

-- revision 1 of sentiment: its first definition
insert into "afterglow_internal"."revisions" (enrichment, revision, sha256, content) values ('sentiment', 1, '8d8ec6cf7a0f0fd420061df44cf8c623c6713d20dcf984e2d8255e183ef3aef9',  E'{"decide":[{"action":"hold","when":"label == \\"NEGATIVE\\" && confidence >= 0.95"},{"action":"publish","when":null}],"flag":"label == \\"NEGATIVE\\" && confidence >= 0.8","from":"reviews","input":[{"expression":"title","name":"title"},{"expression":"body","name":"body"}],"model":{"kind":"comprehend","language":{"column":"language","detect":"when_missing","fallback":"en"}},"table":{"name":"reviews","schema":"public"},"when":"size(body) >= 20"}');

-- revision 1 of embedding: its first definition
insert into "afterglow_internal"."revisions" (enrichment, revision, sha256, content) values ('embedding', 1, 'e0b9c8a8dcb1b038f348846611224a2bf92ded5bed2301964e1362e2b8ccc64c', '{"from":"reviews","input":[{"expression":"title","name":"title"},{"expression":"body","name":"body"}],"model":{"dimensions":1024,"kind":"titan-embedding","max_chunks":64,"model_id":"amazon.titan-embed-text-v2:0","normalize":true},"table":{"name":"reviews","schema":"public"}}');

-- revision 1 of churn: its first definition
insert into "afterglow_internal"."revisions" (enrichment, revision, sha256, content) values ('churn', 1, '62fe4e6912c7889620015a8465c5f00890aaab25692712b51ecdf1a5a93ae087', '{"flag":"probability >= 0.75","from":"customers","input":[{"expression":"days(now - last_login_at.orValue(signed_up_at))","name":"days_since_login"},{"expression":"logins_30d","name":"logins_30d"},{"expression":"purchases_90d","name":"purchases_90d"},{"expression":"support_tickets_90d","name":"support_tickets_90d"},{"expression":"days(now - signed_up_at)","name":"account_age_days"}],"model":{"endpoint":"churn-xgboost","format":"csv","kind":"sagemaker","version":"2026-09"},"output":{"probability":"float"},"table":{"name":"customers","schema":"public"}}');

-- budget: what may be spent a day: services that run see it within seconds
insert into "afterglow_internal"."budget" (content) values ('{"alert_at":0.8,"daily_usd":25,"on_reached":"pause","redo_daily_usd":10,"reserved_usd":{"fraud":5}}')
  on conflict (is_single) do update set content = excluded.content, registered_at = now();

-- partition counts: keys keep their places only as long as these stay
insert into "afterglow_internal"."topic_partitions" (topic, partitions) values ('afterglow.cdc.public.transactions', 6), ('afterglow.cdc.public.reviews', 6), ('afterglow.cdc.public.customers', 6), ('afterglow.enriched.fraud', 6), ('afterglow.dead.fraud', 6), ('afterglow.enriched.sentiment', 6), ('afterglow.dead.sentiment', 6), ('afterglow.enriched.embedding', 6), ('afterglow.dead.embedding', 6), ('afterglow.enriched.churn', 6), ('afterglow.dead.churn', 6);

commit;
-- create topic afterglow.cdc.public.transactions, 6 partitions, cleanup.policy=delete, retention.ms=604800000, message.timestamp.type=LogAppendTime, max.message.bytes=1048588
-- create topic afterglow.cdc.public.reviews, 6 partitions, cleanup.policy=delete, retention.ms=604800000, message.timestamp.type=LogAppendTime, max.message.bytes=1048588
-- create topic afterglow.cdc.public.customers, 6 partitions, cleanup.policy=delete, retention.ms=604800000, message.timestamp.type=LogAppendTime, max.message.bytes=1048588
-- create topic afterglow.enriched.fraud, 6 partitions, cleanup.policy=compact, delete.retention.ms=604800000, min.compaction.lag.ms=604800000, max.message.bytes=1048588, message.timestamp.type=LogAppendTime
-- create topic afterglow.dead.fraud, 6 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime, max.message.bytes=2097176
-- create topic afterglow.enriched.sentiment, 6 partitions, cleanup.policy=compact, delete.retention.ms=604800000, min.compaction.lag.ms=604800000, max.message.bytes=1048588, message.timestamp.type=LogAppendTime
-- create topic afterglow.dead.sentiment, 6 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime, max.message.bytes=2097176
-- create topic afterglow.enriched.embedding, 6 partitions, cleanup.policy=compact, delete.retention.ms=604800000, min.compaction.lag.ms=604800000, max.message.bytes=1048588, message.timestamp.type=LogAppendTime
-- create topic afterglow.dead.embedding, 6 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime, max.message.bytes=2097176
-- create topic afterglow.enriched.churn, 6 partitions, cleanup.policy=compact, delete.retention.ms=604800000, min.compaction.lag.ms=604800000, max.message.bytes=1048588, message.timestamp.type=LogAppendTime
-- create topic afterglow.dead.churn, 6 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime, max.message.bytes=2097176
-- create topic afterglow.dead.capture, 1 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime, max.message.bytes=2097176
-- create topic afterglow.progress, 1 partitions, cleanup.policy=delete, retention.ms=604800000, message.timestamp.type=LogAppendTime
-- create topic afterglow.notices, 1 partitions, cleanup.policy=delete, retention.ms=2592000000, message.timestamp.type=LogAppendTime
-- create topic afterglow.positions, 1 partitions, cleanup.policy=compact, message.timestamp.type=LogAppendTime
