const DAY_MS = 86_400_000;

/**
 * How long changes stay on the cdc topics. Nothing older can still be on its way: deletions are remembered for that long, and
 * outcomes are not compacted away before.
 */
export const CDC_RETENTION_MS = 7 * DAY_MS;
