import { Fault, type FaultKind } from '../../../shared/errors/policy.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ModelItem, Outcome } from '../../../shared/models/model.ts';
import type { Answered } from './asks.ts';
import type { Funding } from './funding.ts';
import { type CalledModel, Lane } from './lane.ts';

const never = new AbortController().signal;

export const first = (item: ModelItem): number => Number(item.input[0]);
export const ok = (item: ModelItem): Outcome<number> => ({ kind: 'ok', result: first(item), costNanoUsd: 1 });
export const fault = (kind: FaultKind, code = 'scripted'): Fault => new Fault(kind, code, 'scripted');

interface Scripted {
  readonly rowsMax?: number;
  readonly waitMaxMs?: number;
  readonly latencyMs?: number;
  readonly callsMax?: number;
  readonly callsPerSecond?: number;
  readonly isPaidPerCall?: boolean;
  readonly funding?: Funding<number>;
  /** What a call gets: a fault, outcomes of its own, or nothing for the plain answer. */
  readonly script?: (items: readonly ModelItem[], call: number) => Fault | Outcome<number>[] | undefined;
}

/** A lane over a model that answers with the first feature of each item. */
export function scripted({
  rowsMax = 100,
  waitMaxMs = 0,
  latencyMs = 1,
  script = () => undefined,
  ...rest
}: Scripted) {
  const calls: number[][] = [];
  const heard: string[] = [];
  const answers = new Map<number, Answered<number> | Error>();
  const model: CalledModel<number> = {
    limits: { rowsMax, bytesMax: 1e6, waitMaxMs },
    groupOf: () => '',
    bytesOf: () => 1,
    isPaidPerCall: rest.isPaidPerCall ?? false,
    async call(items) {
      calls.push(items.map(first));
      const bent = script(items, calls.length);
      await pause(latencyMs, never);
      if (bent instanceof Fault) throw bent;
      return bent ?? items.map(ok);
    },
  };
  const lane = new Lane(model, {
    callsMax: rest.callsMax ?? 8,
    callsPerSecond: rest.callsPerSecond,
    ...(rest.funding === undefined ? {} : { funding: rest.funding }),
    random: () => 0.5,
    observer: {
      called: () => {},
      failed: () => {},
      paused: ({ kind, code }) => heard.push(`paused ${kind} ${code}`),
      resumed: () => heard.push('resumed'),
    },
  });
  const ask = (values: readonly number[], isWanted = () => true, isRedo = false): void => {
    for (const value of values) {
      const settle = (answer: Answered<number> | Error): void => {
        if (answers.has(value)) throw new RangeError(`${value} was answered twice`);
        answers.set(value, answer);
      };
      lane.ask({
        item: { input: [value] },
        isWanted,
        isRedo,
        answered: settle,
        failed: (error) => settle(error instanceof Error ? error : new Error('not an error')),
      });
    }
  };
  const results = (): unknown[] =>
    [...answers.entries()]
      .toSorted(([one], [other]) => one - other)
      .map(([, answer]) => {
        if (answer instanceof Error) return answer.name;
        const { outcome } = answer;
        if (outcome.kind === 'over_budget') return outcome.kind;
        return outcome.kind === 'ok' ? outcome.result : outcome.fault.kind;
      });
  return { lane, ask, calls, heard, answers, results };
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Numbers below 1 that a seed repeats. */
export function seeded(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
