alter table afterglow_internal.known_groups add column compacted_before bigint;
comment on column afterglow_internal.known_groups.compacted_before is
  'Outcomes before this offset may have been compacted away before they were taken; the gap is recorded.';
