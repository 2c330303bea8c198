import { expect, test } from 'vitest';
import {
  answeredCondition,
  judgeableCondition,
  missingCondition,
  otherwiseAskedCondition,
  outdatedCondition,
} from '../../shared/side-tables/outcome-conditions.ts';
import { deleted, FRAUD, failed, overBudget, scored, setUp, skipped, write } from '../support/side-tables.ts';

const TABLE = { schema: 'public', name: 't' };

test('what can be decided anew: every row but those that got no result, also one whose outcome is under way', async () => {
  await using setting = await setUp(FRAUD, 18, [
    'create table t (id bigint primary key)',
    'insert into t select generate_series(1, 6)',
  ]);
  const { client, tables } = setting;
  await write(setting, [scored(1, 1, 0.5), skipped(2, 1), failed(3, 1), overBudget(4, 1), deleted(5, 1)]);
  const picked = async (condition: string): Promise<readonly string[]> => {
    const { rows } = await client.query<{ id: string }>(`select id from t where ${condition} order by id`);
    return rows.map(({ id }) => id);
  };
  expect(await picked(answeredCondition(TABLE, tables))).toEqual(['1', '2', '5', '6']);
  expect(await picked(outdatedCondition(TABLE, tables, 2))).toEqual(['1', '2', '3', '4']);
  expect(await picked(missingCondition(TABLE, tables))).toEqual(['5', '6']);
  expect(await picked(judgeableCondition(TABLE, tables, [1, 3]))).toEqual(['1', '2', '5', '6']);
  expect(await picked(judgeableCondition(TABLE, tables, [2, 3]))).toEqual(['5', '6']);
  expect(await picked(otherwiseAskedCondition(TABLE, tables, [2, 3]))).toEqual(['1', '2']);
});
