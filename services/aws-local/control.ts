import { ALL_CHECKS, type Checks, type ChecksChange } from './checks.ts';
import type { FaultEngine, ListedRule } from './faults/engine.ts';
import type { FaultRule } from './faults/rule.ts';
import type { CallLedger, Calls } from './ledger.ts';
import type { ListedQuota, Quotas } from './quotas/quotas.ts';
import type { QuotaRule } from './quotas/rule.ts';

/** The stand-in's own controls, for tests in the same process and behind `/_control` for everyone else. */
export interface Control {
  addFault(rule: FaultRule): number;
  removeFault(id: number): boolean;
  clearFaults(): void;
  faults(): readonly ListedRule[];
  addQuota(rule: QuotaRule): number;
  removeQuota(id: number): boolean;
  clearQuotas(): void;
  quotas(): readonly ListedQuota[];
  checks(): Checks;
  changeChecks(change: ChecksChange): void;
  calls(): Calls;
  /** Back to how it was started: counts zero, and only the faults and quotas that were given then. */
  reset(): void;
}

export interface Controlled {
  readonly faults: FaultEngine;
  readonly quotas: Quotas;
  readonly ledger: CallLedger;
}

/** What was given at the start, and comes back with every reset. */
export interface Beginning {
  readonly faults: readonly FaultRule[];
  readonly quotas: readonly QuotaRule[];
}

export function createControl({ faults, quotas, ledger }: Controlled, beginning: Beginning): Control {
  let checks = ALL_CHECKS;
  const control: Control = {
    addFault: (rule) => faults.add(rule),
    removeFault: (id) => faults.remove(id),
    clearFaults: () => faults.clear(),
    faults: () => faults.list(),
    addQuota: (rule) => quotas.add(rule),
    removeQuota: (id) => quotas.remove(id),
    clearQuotas: () => quotas.clear(),
    quotas: () => quotas.list(),
    checks: () => checks,
    changeChecks: (change) => {
      checks = { ...checks, ...change };
    },
    calls: () => ledger.calls(),
    reset: () => {
      faults.clear();
      quotas.clear();
      ledger.reset();
      checks = ALL_CHECKS;
      for (const rule of beginning.faults) faults.add(rule);
      for (const rule of beginning.quotas) quotas.add(rule);
    },
  };
  control.reset();
  return control;
}
