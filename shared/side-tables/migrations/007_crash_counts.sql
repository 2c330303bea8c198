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
