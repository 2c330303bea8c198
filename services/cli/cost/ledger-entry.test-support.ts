import type { LedgerEntry } from '../../../shared/side-tables/ledger-entries.ts';

/** What a cent is in nano-dollars. */
export const CENT = 10_000_000;
export const NOON_MS = Date.parse('2026-11-21T12:00:00Z');

/** Of that day, with nothing spent but what is given. */
export const entry = (changes: Partial<LedgerEntry>): LedgerEntry => ({
  day: '2026-11-21',
  purse: 'live',
  enrichment: 'mood',
  table: 'public.notes',
  spentNanoUsd: 0,
  presumedNanoUsd: 0,
  leasedNanoUsd: 0,
  reservedNanoUsd: 0,
  calls: 0,
  requests: 0,
  cachedRequests: 0,
  cachedNanoUsd: 0,
  unchangedRows: 0,
  unchangedNanoUsd: 0,
  filteredRows: 0,
  ...changes,
});
