// Names and labels of everything we count, in one place; the unit ends the name. Never a row value in a label.

export const METRIC = {
  reader: {
    transactions: 'afterglow_reader_transactions_total',
    events: 'afterglow_reader_events_total',
    flushes: 'afterglow_reader_flushes_total',
    commitToPublished: 'afterglow_reader_commit_to_published_seconds',
    bufferedBytes: 'afterglow_reader_buffered_bytes',
    acknowledgedLsn: 'afterglow_reader_acknowledged_lsn_bytes',
    parked: 'afterglow_reader_parked_total',
    omitted: 'afterglow_reader_omitted_columns_total',
    heartbeatAge: 'afterglow_reader_heartbeat_age_seconds',
    slotStatus: 'afterglow_reader_slot_wal_status',
    slotSafety: 'afterglow_reader_slot_safety',
    slotSafeBytes: 'afterglow_reader_slot_safe_wal_bytes',
    slotBudgetBytes: 'afterglow_reader_slot_wal_budget_bytes',
    slotRestartLag: 'afterglow_reader_slot_restart_lag_bytes',
    slotConfirmedLag: 'afterglow_reader_slot_confirmed_lag_bytes',
    pinningAge: 'afterglow_reader_slot_pinning_transaction_seconds',
    pinningPid: 'afterglow_reader_slot_pinning_transaction_pid',
    pinningXid: 'afterglow_reader_slot_pinning_transaction_xid',
    gaps: 'afterglow_reader_gaps',
    partitionChanges: 'afterglow_reader_partition_changes_total',
    partitionSweeps: 'afterglow_reader_partition_sweeps',
    redoRows: 'afterglow_reader_redo_rows_total',
    redoChunks: 'afterglow_reader_redo_chunks_total',
    redoJobs: 'afterglow_reader_redo_jobs',
    redoSecondsLeft: 'afterglow_reader_redo_left_seconds',
    redoHeld: 'afterglow_reader_redo_held',
  },
  enricher: {
    outcomes: 'afterglow_enricher_outcomes_total',
    calls: 'afterglow_enricher_model_calls_total',
    callDuration: 'afterglow_enricher_model_call_seconds',
    batchRows: 'afterglow_enricher_batch_rows',
    faults: 'afterglow_enricher_faults_total',
    commitToEnriched: 'afterglow_enricher_commit_to_enriched_seconds',
    paused: 'afterglow_enricher_paused',
    requests: 'afterglow_enricher_requests_total',
    savedUsd: 'afterglow_enricher_saved_usd_total',
    passed: 'afterglow_enricher_passed_total',
    completionReads: 'afterglow_enricher_completion_reads_total',
  },
  writer: {
    events: 'afterglow_writer_events_total',
    applied: 'afterglow_writer_applied_total',
    superseded: 'afterglow_writer_superseded_total',
    batchDuration: 'afterglow_writer_batch_seconds',
    commitToWritten: 'afterglow_writer_commit_to_written_seconds',
  },
} as const;

/** Growing by a quarter from 1 ms to a minute, so that a percentile read from the buckets is off by at most an eighth. */
export const LATENCY_BUCKETS_SECONDS: number[] = Array.from({ length: 50 }, (_, index) =>
  Number((0.001 * 1.25 ** index).toPrecision(3)),
);
