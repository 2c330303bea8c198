/** What one check came to. */
export interface Finding {
  readonly area: Area;
  readonly outcome: Outcome;
  /** What is so, in one sentence. */
  readonly message: string;
  /** SQL or commands to paste; always there when something has to be done. */
  readonly fix?: string;
}

export type Area =
  | 'definition'
  | 'postgres'
  | 'publication'
  | 'slot'
  | 'tables'
  | 'privileges'
  | 'set-up'
  | 'kafka'
  | 'services'
  | 'aws'
  | 'valkey'
  | 'clocks'
  | 'machine';

/** warning: it works, but somebody should know. unreachable: the part does not answer, so nothing was seen. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'unreachable' | 'skipped';

/** The findings of one area, without repeating its name. */
export function findings(area: Area) {
  return {
    ok: (message: string): Finding => ({ area, outcome: 'ok', message }),
    skipped: (message: string): Finding => ({ area, outcome: 'skipped', message }),
    warning: (message: string, fix: string): Finding => ({ area, outcome: 'warning', message, fix }),
    failed: (message: string, fix: string): Finding => ({ area, outcome: 'failed', message, fix }),
    unreachable: (message: string, fix: string): Finding => ({ area, outcome: 'unreachable', message, fix }),
  };
}

/** 0 nothing to do, 1 something has to be fixed, 3 a part does not answer. */
export function exitStatus(all: readonly Finding[]): 0 | 1 | 3 {
  if (all.some(({ outcome }) => outcome === 'unreachable')) return 3;
  return all.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}
