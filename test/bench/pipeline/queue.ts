/** The queue table, polled. */
export const QUEUE = 'bench.queue';
/** Of the same columns as ours. */
export const RESULTS = 'bench.results';
export const BATCH_ROWS = 100;
/** Between two looks at an empty queue: as often as to be near ours in time. With work at hand it looks again at once. */
export const POLL_MS = 10;

export const QUEUE_SQL = `
create table ${QUEUE} (number bigint generated always as identity primary key, transaction_id bigint not null,
  enqueued_at timestamptz not null default now());
create table ${RESULTS} (id bigint primary key, score float8 not null, flagged boolean not null, decision text not null,
  scored_at timestamptz not null default now());
create function bench.enqueue() returns trigger language plpgsql as $$
  begin
    insert into ${QUEUE} (transaction_id) values (new.id);
    return null;
  end $$;
create trigger enqueue after insert or update on public.transactions for each row execute function bench.enqueue();`;
