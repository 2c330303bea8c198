import { countFailures, listFailures } from '../../../shared/side-tables/failures.ts';
import type { ListOptions } from '../commands/dead.ts';
import type { Invocation } from '../invocation.ts';
import { plainTable } from '../sql.ts';
import { formatCount } from '../view/numbers.ts';
import { FAILURE_COLUMNS, failureCells, failureJson } from './failure-lines.ts';
import { withFailures } from './failures-database.ts';

const FOUND_SOMETHING = 1;

export async function runList(invocation: Invocation, options: ListOptions): Promise<number> {
  const { output } = invocation;
  const { limit, after } = options;
  return await withFailures(invocation, options, [], async ({ client, tables, filter }) => {
    const page = { rowsMax: limit, ...(after === undefined ? {} : { after }) };
    const rows = await listFailures(client, tables, filter, page);
    if (output.isJson) {
      for (const row of rows) output.json(failureJson(row));
      return rows.length === 0 ? 0 : FOUND_SOMETHING;
    }
    if (rows.length === 0) {
      output.line(output.paint.good(after === undefined ? 'No row has failed.' : 'There are no more.'));
      return 0;
    }
    for (const line of plainTable(FAILURE_COLUMNS, rows.map(failureCells))) output.line(line);
    const counts = await countFailures(client, tables, filter);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (rows.length === limit && all > limit) {
      output.line(`${formatCount(all)} in all; the next page: --after ${rows.at(-1)?.id}`);
    }
    return FOUND_SOMETHING;
  });
}
