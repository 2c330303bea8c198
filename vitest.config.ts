import { defineConfig } from 'vitest/config';

/** The Kafka client sets timers that are already due, and Node would say so in the middle of the results. */
const EXEC_ARGV = ['--disable-warning=TimeoutNegativeWarning'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{services,shared,deploy}/**/*.test.ts', 'test/repository/**/*.test.ts'],
          // A machine that does much else at the same time is slow, not wrong.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,faults}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          execArgv: EXEC_ARGV,
          // Longer than the waits inside, so that a test which gives up says what it waited for.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: true,
          maxWorkers: 2,
          // Projects with different workers run one after the other, in this order.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
