create table afterglow_internal.written_outcomes (
  topic        text not null,
  partition    integer not null,
  topic_id     text not null,
  first_offset bigint not null,
  next_offset  bigint not null check (next_offset >= first_offset),
  newest_ms    bigint not null,
  primary key (topic, partition)
) with (fillfactor = 20);
comment on column afterglow_internal.written_outcomes.newest_ms is
  'When Kafka took the newest of them: what came later has the offset of one that a broker lost.';
comment on table afterglow_internal.written_outcomes is
  'Of each partition the stretch whose outcomes are in the side tables, moved on in the transaction that writes them. It may be emptied at any time: then outcomes that come again are compared one by one.';
