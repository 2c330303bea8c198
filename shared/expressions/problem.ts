export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Where in the expression, counted in characters from 0. */
  readonly offset: number;
  readonly message: string;
  readonly instead?: string;
}
