create table afterglow_internal.late_keys (
  enrichment text not null,
  key        jsonb not null,
  partition  integer not null,
  noted_at   timestamptz not null default now(),
  primary key (enrichment, key)
);
comment on table afterglow_internal.late_keys is
  'Keys whose last outcome on the topic is older than the one before it: compaction would keep the wrong one, so they are redone.';
