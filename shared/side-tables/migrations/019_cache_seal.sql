create table afterglow_internal.cache_seal (
  is_single boolean primary key default true check (is_single),
  seal      bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
insert into afterglow_internal.cache_seal default values;
comment on table afterglow_internal.cache_seal is
  'Known to the database alone: answers in Valkey are signed with it, and nothing without that signature is taken for one.';
