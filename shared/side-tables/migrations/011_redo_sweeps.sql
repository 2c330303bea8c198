alter table afterglow_internal.redo_jobs
  add column sweep boolean not null default false,
  add check (not (sweep and by_keys));
comment on column afterglow_internal.redo_jobs.sweep is
  'The job goes through the keys of the state tables instead of the table, and publishes as deleted those that have no row; condition is then over the key.';
