import type { Definition } from '../../../shared/config/definition.ts';
import { nearest } from '../../../shared/config/nearest.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { sqlState } from '../../../shared/postgres/connect.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { usdOf } from '../../../shared/spend/nano-usd.ts';
import { withJobs } from '../backfill/job-database.ts';
import { requireDefinition } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { awsModeOf } from '../settings.ts';
import { plainTable } from '../sql.ts';
import { formatCount } from '../view/numbers.ts';
import { type CostEstimate, estimateCost } from './estimate-cost.ts';
import { formatUsd } from './lines.ts';

export interface EstimateOptions {
  readonly where?: string;
}

export async function showEstimate(
  invocation: Invocation,
  { where }: EstimateOptions,
  operands: readonly string[],
): Promise<number> {
  const { output } = invocation;
  const name = onlyOperand(operands, 'A source or an enrichment');
  const written = await requireDefinition(invocation);
  const names = enrichmentsOf(written, name);
  const estimates = await withJobs(invocation, async (client) => {
    const definition = await readDefinitionInForce(client, written);
    const made: CostEstimate[] = [];
    for (const enrichment of names) {
      const request = { enrichment, condition: where, aws: awsModeOf(invocation.environment) };
      made.push(await refusing(where, () => estimateCost(client, definition, request)));
    }
    return made;
  });
  if (output.isJson) output.json(estimateJson(estimates));
  else for (const line of estimateLines(estimates, written)) output.line(line);
  return 0;
}

const total = (estimates: readonly CostEstimate[]): number =>
  estimates.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);

function estimateJson(estimates: readonly CostEstimate[]): unknown {
  return {
    usd: usdOf(total(estimates)),
    enrichments: estimates.map(({ enrichment, rows, sampled, paidRows, nanoUsd }) => ({
      enrichment,
      rows,
      sampled_rows: sampled,
      paid_rows: paidRows,
      usd: usdOf(nanoUsd),
    })),
  };
}

function estimateLines(estimates: readonly CostEstimate[], { budget }: Definition): readonly string[] {
  const rows = estimates.map(({ enrichment, rows: count, sampled, paidRows, nanoUsd }) => ({
    enrichment,
    rows: formatCount(count),
    sampled: formatCount(sampled),
    'to be paid': formatCount(paidRows),
    cost: formatUsd(usdOf(nanoUsd)),
  }));
  const usd = usdOf(total(estimates));
  const daily = budget?.redo_daily_usd ?? budget?.daily_usd;
  const days = daily === undefined || daily === 0 ? 0 : Math.ceil(usd / daily);
  return [
    ...plainTable(['enrichment', 'rows', 'sampled', 'to be paid', 'cost'], rows).slice(0, -1),
    `About ${formatUsd(usd)} to read these rows again. What is paid for already is left out.`,
    ...(days > 1 ? [`With ${formatUsd(daily ?? 0)} a day that takes ${formatCount(days)} days.`] : []),
  ];
}

function enrichmentsOf({ sources, enrichments }: Definition, name: string): readonly string[] {
  if (enrichments[name] !== undefined) return [name];
  if (sources[name] !== undefined) {
    return Object.keys(enrichments).filter((each) => enrichments[each]?.from === name);
  }
  const names = [...Object.keys(sources), ...Object.keys(enrichments)];
  const meant = nearest(name, names);
  const hint = meant === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
  throw new AfterglowError('usage', `There is no source or enrichment "${name}". ${hint}`, {
    remedy: 'The names stand in the definition file.',
  });
}

async function refusing<Result>(where: string | undefined, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (where === undefined || sqlState(error) === undefined) throw error;
    const said = error instanceof Error ? error.message : '';
    throw new AfterglowError('usage', `PostgreSQL refuses the condition of --where: ${said}.`, {
      remedy: 'Write it as it would stand behind WHERE in a query on this table alone.',
      cause: error,
    });
  }
}
