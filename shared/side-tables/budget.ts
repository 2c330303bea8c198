// What may be spent a day, as `init` registered it last: services that run hear of another limit without a new start.
import { type Budget, budget, type Definition } from '../config/definition.ts';
import { canonicalJson } from '../config/revision.ts';
import { type Queryable, quoteLiteral } from '../postgres/connect.ts';
import { BUDGET } from './names.ts';

type WithBudget = Pick<Definition, 'budget'>;

/** As it is kept: equal budgets have equal texts. */
export const budgetContent = (definition: WithBudget): string => canonicalJson(definition.budget ?? null);

export function registerBudgetStatement(definition: WithBudget): string {
  return `insert into ${BUDGET} (content) values (${quoteLiteral(budgetContent(definition))})
  on conflict (is_single) do update set content = excluded.content, registered_at = now()`;
}

/** undefined: no set-up has registered any yet. */
export async function readBudgetContent(client: Queryable): Promise<string | undefined> {
  const { rows: present } = await client.query<{ present: boolean }>(
    'select to_regclass($1) is not null as present',
    [BUDGET],
  );
  if (present[0]?.present !== true) return undefined;
  const { rows } = await client.query<{ content: string }>(`select content::text as content from ${BUDGET}`);
  return rows[0]?.content;
}

/** What counts, be the file's another one; that of the file where none was registered. */
export async function readBudget(client: Queryable, definition: WithBudget): Promise<Budget | undefined> {
  const content = await readBudgetContent(client);
  return content === undefined ? definition.budget : parseBudget(content);
}

const parseBudget = (content: string): Budget | undefined =>
  budget.nullable().parse(JSON.parse(content)) ?? undefined;
