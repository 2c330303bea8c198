create table afterglow_internal.unpaid_redos (
  enrichment text not null,
  key        text[] not null,
  job        bigint,
  primary key (enrichment, key)
);
comment on table afterglow_internal.unpaid_redos is
  'Rows that were read again, found no money and kept their result: a job reads them once more when there is some.';
comment on column afterglow_internal.unpaid_redos.job is
  'The redo that listed the row since it was last noted: once that is done, the row is noted no more.';

alter table afterglow_internal.ledger add column unpaid_rows bigint not null default 0;
comment on column afterglow_internal.ledger.unpaid_rows is
  'Times that a row was read again, found no money and kept its result: such changes have no outcome.';
