alter table afterglow_internal.redo_jobs
  add column of_partitions boolean not null default false,
  add check (not of_partitions or condition is not null);
comment on column afterglow_internal.redo_jobs.of_partitions is
  'The condition is the bounds of partitions: the planner looks nowhere else, so that no key outside of them has to be passed.';
