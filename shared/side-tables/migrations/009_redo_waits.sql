alter table afterglow_internal.redo_jobs add column waits_for text;
comment on column afterglow_internal.redo_jobs.waits_for is
  'What keeps an open job from going on, as the reader saw it last; null: nothing does.';
