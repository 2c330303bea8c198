import 'vitest';

/** What the tests of one run share. The databases in it are made and dropped by the tests. */
export interface TestParts {
  readonly kind: 'embedded' | 'containers';
  /** Superuser's URL of each PostgreSQL. */
  readonly postgres: Readonly<Record<16 | 18, string>>;
  readonly brokers: string;
  /** Removed at the end of the run, with all parts that were started below it. */
  readonly folder: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly afterglow: TestParts;
  }
}
