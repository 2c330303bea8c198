import type { CatalogueEntry } from './catalogue-entry.ts';

/** What the reader halts for, and what a repair may say; docs/operations.md tells the whole story of each. */
export const CAPTURE_CATALOGUE = {
  slot_lost: {
    exit: 4,
    meaning: 'The replication slot is gone or was invalidated, and changes may have left the log unread.',
    remedy:
      'Nothing is made anew silently: run `afterglow gaps repair`; see docs/operations.md on a lost slot.',
  },
  slot_moved: {
    exit: 4,
    meaning: 'The replication slot stands beyond what is in Kafka: somebody moved it or made it again.',
    remedy: 'Run `afterglow gaps repair`: it makes a new slot and redoes the rows in between.',
  },
  slot_foreign: {
    exit: 4,
    meaning: 'A replication slot of that name exists and is not ours.',
    remedy: 'Choose another pipeline name, or drop that slot if nobody needs it.',
  },
  slot_replacements_spent: {
    exit: 4,
    meaning: 'The slot was replaced three times within an hour: something takes it away again and again.',
    remedy:
      'Look for what drops or invalidates it (max_slot_wal_keep_size, idle_replication_slot_timeout), then repair later.',
  },
  publication_changed: {
    exit: 4,
    meaning: 'What is published is not what was published before: rows in between were never sent.',
    remedy: 'Run `afterglow gaps repair`: it redoes the tables concerned, deletes included.',
  },
  database_restored: {
    exit: 4,
    meaning:
      'The database is behind what Kafka has of it, as after a restore from a backup; nothing was written.',
    remedy:
      'If this database is the right one from now on: `afterglow gaps repair --new-epoch`; see docs/operations.md.',
  },
  database_forked: {
    exit: 4,
    meaning:
      'This is another database system, or another history of it, than the one in Kafka; nothing was written.',
    remedy:
      'Check DATABASE_URL; if this database is the right one from now on: `afterglow gaps repair --new-epoch`.',
  },
  nothing_to_repair: {
    exit: 4,
    meaning: 'The reader is not held up by a gap.',
    remedy: 'See `afterglow gaps list` and `afterglow doctor`.',
  },
  gap_not_repairable: {
    exit: 4,
    meaning: 'Something has to be right before the gap can be repaired.',
    remedy: 'Do what is named above, then run `afterglow gaps repair` again.',
  },
  publication_incomplete: {
    exit: 4,
    meaning: 'The publication does not hold what the definition names.',
    remedy: 'Run `afterglow init`; nothing has been acknowledged.',
  },
  publication_by_partition: {
    exit: 4,
    meaning: 'A partitioned table is published by its partitions instead of by itself.',
    remedy:
      'Run `afterglow init`, which sets publish_via_partition_root; what was committed meanwhile is read then.',
  },
  group_offsets_lost: {
    exit: 4,
    meaning:
      'Kafka threw away what an enricher or the writer had not taken, or forgot how far its group was.',
    remedy: 'Nothing: a redo of its rows follows by itself. Start services more often than topics forget.',
  },
  outcomes_compacted: {
    exit: 4,
    meaning:
      'The writer was away for longer than the enriched topics keep every outcome: what it was to take next may have been compacted.',
    remedy:
      'Results without a row are swept by themselves. Run `afterglow audit --repair` to be sure of all others, and start the writer sooner.',
  },
} as const satisfies Record<string, CatalogueEntry>;
