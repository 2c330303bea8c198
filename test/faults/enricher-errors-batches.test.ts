// The table of errors (design section 6) once more, for the paid models that take many rows a call: Lambda and Cohere.
import { expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { createEnrichment, type Payment, type TestEnrichment } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { until } from '../support/wait.ts';

const ROWS = 20;
const POISONED_PLACE = 7;
const DEADLINE_MS = 120_000;
const RISK = `  risk:
    from: payments
    model: { kind: lambda, function: scores, version: "1", timeout: 3s, memory_mb: 128, batch: { rows: 50, wait: 10ms } }
    input: [amount]
    output: { score: float }
`;
const MEANING = `  meaning:
    from: payments
    model: { kind: cohere-embedding, batch: { rows: 50, wait: 10ms }, rate: 1000/s }
    input: [note.orValue("")]
`;
const SCORES = { module: new URL('../support/functions/scores.ts', import.meta.url), timeoutMs: 30_000 };
const OPERATION = { risk: 'Invoke', meaning: 'InvokeModel' } as const;
type Name = keyof typeof OPERATION;
const NAMES: readonly Name[] = ['risk', 'meaning'];

type Injected = FaultRule['fault'];
const named = (name: string, status: number, message?: string): Injected => ({
  kind: 'named',
  name,
  status,
  ...(message === undefined ? {} : { message }),
});

const PASSING: readonly (readonly [string, Injected, Injected])[] = [
  ['throttled', { kind: 'throttle' }, { kind: 'throttle' }],
  ['a service error', { kind: 'error', status: 500 }, { kind: 'error', status: 503 }],
  ['a connection cut', { kind: 'cut', place: 'before_answer' }, { kind: 'cut', place: 'in_body' }],
  ['a run that failed, and a model error', { kind: 'function_error' }, named('ModelErrorException', 424)],
  [
    'a function that is being changed, and one vector too few',
    named('ResourceConflictException', 409),
    { kind: 'rows', change: -1 },
  ],
  [
    'a result that nobody asked for, and an answer cut off',
    { kind: 'rows', change: 1 },
    { kind: 'truncated' },
  ],
  ['an expired token', named('ExpiredTokenException', 403), named('ExpiredTokenException', 403)],
];

const ALONE: readonly (readonly [string, Injected, string, Injected, string])[] = [
  [
    'is refused',
    { kind: 'function_error' },
    'FunctionError',
    named('ModelErrorException', 424),
    'ModelErrorException',
  ],
  [
    'ends the function, or is too long',
    { kind: 'function_error', type: 'Sandbox.Timedout' },
    'Sandbox.Timedout',
    named('ValidationException', 400, 'Too many input tokens. Max input tokens: 512'),
    'ValidationException',
  ],
  [
    'has no answer that anybody understands',
    { kind: 'malformed' },
    'not_json',
    { kind: 'zero_vector' },
    'zero_vector',
  ],
];

const rowsOf = (from: number, isPoisoned = false): readonly Payment[] =>
  Array.from({ length: ROWS }, (_, place) => {
    const id = from + place;
    const isPoison = isPoisoned && place === POISONED_PLACE;
    return {
      id,
      amount: id + 0.5,
      note: `The lamp number ${id} is good${isPoison ? `, says POISON${id}` : ''}.`,
    };
  });

/** Of the rows from `from` on: how each ended. Rows behind them go on being published, as a stream would bring them. */
async function endsOf(setting: TestEnrichment, name: Name, from: number): Promise<readonly string[]> {
  let behind = 0;
  const ends = await until(
    async () => {
      const all = firstsOf(await setting.outcomes(name));
      const own = all.filter(({ key }) => Number(key.id) >= from && Number(key.id) < from + ROWS);
      if (own.length === ROWS) return own;
      const id = 1_000_000 + from * 1_000 + behind++;
      await setting.publish([{ id, note: `The lamp number ${id} comes behind them.` }]);
      return undefined;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 1_000, what: `the rows from ${from} on to end at ${name}` },
  );
  return ends
    .toSorted((one, other) => Number(one.key.id) - Number(other.key.id))
    .map((event) => (event.status === 'failed' ? event.error.code : event.status));
}

test('what passes costs no row of a model that takes many a call, and what is about one row fails that row alone', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(RISK + MEANING, { functions: { scores: SCORES } });
  const { control } = setting.awsLocal;
  for (const name of NAMES) setting.start(name);
  let from = 0;
  for (const [what, ofRisk, ofMeaning] of PASSING) {
    const faults = { risk: ofRisk, meaning: ofMeaning };
    const rules = NAMES.map((name) =>
      control.addFault({ operation: OPERATION[name], calls: 1, fault: faults[name] }),
    );
    await setting.publish(rowsOf(from));
    for (const name of NAMES) {
      expect(await endsOf(setting, name, from), `${what}: ${name}`).toEqual(Array(ROWS).fill('scored'));
    }
    for (const rule of rules) {
      expect(control.faults().find(({ id }) => id === rule)?.struck, `${what} struck`).toBe(1);
    }
    control.clearFaults();
    from += ROWS;
  }
  for (const [what, ofRisk, riskCode, ofMeaning, meaningCode] of ALONE) {
    const id = from + POISONED_PLACE;
    control.addFault({ operation: OPERATION.risk, input: { column: 0, equals: id + 0.5 }, fault: ofRisk });
    control.addFault({ operation: OPERATION.meaning, input: { contains: `POISON${id}` }, fault: ofMeaning });
    await setting.publish(rowsOf(from, true));
    const codes = { risk: riskCode, meaning: meaningCode };
    for (const name of NAMES) {
      const expected = Array.from({ length: ROWS }, (_, place) =>
        place === POISONED_PLACE ? codes[name] : 'scored',
      );
      expect(await endsOf(setting, name, from), `a row that ${what}: ${name}`).toEqual(expected);
    }
    control.clearFaults();
    from += ROWS;
  }
  for (const name of NAMES) expect(await setting.archived(name)).toBe(ALONE.length);
});
