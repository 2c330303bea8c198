create table afterglow_internal.gap_keys (
  gap        bigint not null references afterglow_internal.gaps on delete cascade,
  enrichment text not null,
  partition  integer not null,
  key        text[] not null,
  primary key (gap, enrichment, key)
);
comment on table afterglow_internal.gap_keys is
  'Keys with a result on the enriched topic and without a row, collected while the topic is read for a repair in a new epoch.';
