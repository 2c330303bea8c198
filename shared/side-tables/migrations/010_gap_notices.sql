alter table afterglow_internal.gaps add column told boolean not null default false;
comment on column afterglow_internal.gaps.told is 'Whether notices has it as it stands here.';
create index gaps_untold on afterglow_internal.gaps (id) where not told;
