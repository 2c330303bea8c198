create table afterglow_internal.budget (
  is_single     boolean primary key default true check (is_single),
  content       json not null,
  registered_at timestamptz not null default now()
);
comment on table afterglow_internal.budget is
  'The budget of the definition that init registered last, null where it has none: services that run see it within seconds.';
