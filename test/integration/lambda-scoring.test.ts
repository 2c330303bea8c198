// Rows scored by a function of Lambda, from the table to the result beside them: what feature E5 promises.
import { expect, test } from 'vitest';
import { createEnrichment } from '../support/enrichment.ts';
import { ODD, scoreOf } from '../support/functions/scores.ts';
import { readerHere, writerHere } from '../support/services-here.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 90_000;
const RISK = `  risk:
    from: payments
    model: { kind: lambda, function: scores, version: "1", timeout: 3s, memory_mb: 128, batch: { rows: 20, wait: 10ms } }
    input: [amount]
    output: { score: float }
    flag: score >= 0.5
`;
/** 3 s of an eighth of a GB, and one request. */
const CALL_NANO_USD = 6_251 + 200;
const SCORES = { module: new URL('../support/functions/scores.ts', import.meta.url), timeoutMs: 30_000 };

test('a function that throws, omits or repeats keys: only those rows fail, and every call counts in the ledger', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(RISK, { functions: { scores: SCORES } });
  const { client, awsLocal } = setting;
  await using _writer = writerHere(setting);
  await using _reader = await readerHere(setting);
  const failing = new Map([
    [7, { odd: ODD.throwing, code: 'FunctionError' }],
    [19, { odd: ODD.leftOut, code: 'missing_key' }],
    [23, { odd: ODD.twice, code: 'repeated_key' }],
    [42, { odd: ODD.ending, code: 'Runtime.ExitError' }],
  ]);
  const amounts = Array.from({ length: 60 }, (_, id) => failing.get(id)?.odd ?? id / 4);
  await client.query(
    `insert into payments (id, amount, place)
       select place - 1, amount, 'shop' from unnest($1::float8[]) with ordinality as row(amount, place)`,
    [amounts],
  );
  // Only now: what waits already comes in full batches.
  setting.start('risk');
  const events = await setting.settled(amounts.length, 'risk', DEADLINE_MS);
  for (const event of events) {
    const id = Number(event.key.id);
    const code = failing.get(id)?.code;
    if (code === undefined) {
      expect(event).toMatchObject({ status: 'scored', result: { score: scoreOf([amounts[id] ?? 0]) } });
    } else expect(event).toMatchObject({ status: 'failed', error: { code } });
  }
  expect(JSON.stringify(events)).not.toContain('no score for'); // what the function said of the row

  const beside = await until(
    async () => {
      const { rows } = await client.query<{
        id: number;
        status: string;
        score: string | null;
        flagged: boolean;
      }>(
        'select id::int4 as id, risk_status as status, risk_score as score, risk_flagged as flagged from afterglow.payments_enriched order by id',
      );
      return rows.every(({ status }) => status !== 'pending') ? rows : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'a result beside every row' },
  );
  const shown = beside.map((row) => ({ ...row, score: row.score === null ? null : Number(row.score) }));
  expect(shown).toEqual(
    amounts.map((amount, id) =>
      failing.has(id)
        ? { id, status: 'failed', score: null, flagged: null }
        : { id, status: 'scored', score: scoreOf([amount]), flagged: scoreOf([amount]) >= 0.5 },
    ),
  );

  const [counted] = awsLocal.control.calls().operations;
  expect(counted?.paid_calls).toBe(counted?.calls);
  const nanoUsd = (counted?.paid_calls ?? 0) * CALL_NANO_USD;
  await until(
    async () => {
      const { rows } = await client.query<{ spent: string }>(
        "select coalesce(sum(spent_nano_usd), 0)::text as spent from afterglow_internal.ledger where enrichment = 'risk'",
      );
      return Number(rows[0]?.spent) === nanoUsd;
    },
    { deadlineMs: DEADLINE_MS, what: `a ledger of ${nanoUsd} nano-dollars` },
  );
  // Each poison row alone and once more, and the halves on its way there: never a call for every row.
  expect(counted?.calls).toBeLessThan(amounts.length);
});
