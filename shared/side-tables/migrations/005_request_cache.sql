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
