// How long each fault lasts and how large it is. Whole with `npm run test:long`; otherwise what fits into the time that
// continuous integration has. The bounds that the tests hold are the same at both lengths.
import { relative } from 'node:path';
import { expect } from 'vitest';

export const IS_LONG = process.env.AFTERGLOW_TEST_LONG !== undefined;

interface FaultLengths {
  /** Kills of a reader under load, at most so many and for so long. */
  readonly readerKills: number;
  readonly readerKillsMs: number;
  /** Rows in one transaction. */
  readonly transactionRows: number;
  /** A node that takes no writes and refuses its slot. */
  readonly readOnlyMs: number;
  /** All brokers away. */
  readonly kafkaAwayMs: number;
  /** A write transaction that stays open. */
  readonly openTransactionMs: number;
  /** Kills of an enricher under load. */
  readonly enricherKills: number;
  /** Kills of a writer under load. */
  readonly writerKills: number;
  /** A model that does not answer. */
  readonly modelAwayMs: number;
  /** An endpoint that starts with its first call. */
  readonly coldStartMs: number;
  /** A model that refuses every call, since it is not ready. */
  readonly modelRefusingMs: number;
  /** Everything at once. */
  readonly wholePipelineMs: number;
}

const MINUTE_MS = 60_000;

export const FAULT_LENGTHS: FaultLengths = IS_LONG
  ? {
      readerKills: 200,
      readerKillsMs: 60 * MINUTE_MS,
      transactionRows: 2_000_000,
      readOnlyMs: MINUTE_MS,
      kafkaAwayMs: 5 * MINUTE_MS,
      openTransactionMs: 10 * MINUTE_MS,
      enricherKills: 40,
      writerKills: 40,
      modelAwayMs: MINUTE_MS,
      coldStartMs: 90_000,
      modelRefusingMs: 5 * MINUTE_MS,
      wholePipelineMs: 3 * MINUTE_MS,
    }
  : {
      readerKills: 12,
      readerKillsMs: MINUTE_MS,
      transactionRows: 200_000,
      readOnlyMs: 8_000,
      kafkaAwayMs: 1_000,
      openTransactionMs: 10_000,
      enricherKills: 2,
      writerKills: 4,
      modelAwayMs: 8_000,
      coldStartMs: 4_000,
      modelRefusingMs: 14_000,
      wholePipelineMs: 15_000,
    };

/** How far a long fault is, and the figures it came to: a run of hours that says nothing looks like one that hangs. */
export function report(line: string): void {
  const { testPath } = expect.getState();
  const file = testPath === undefined ? '' : `${relative(process.cwd(), testPath)}: `;
  if (IS_LONG) process.stdout.write(`${file}${line}\n`);
}
