import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type FailurePlace, listFailures, placeOfFailure } from '../../../shared/side-tables/failures.ts';
import type { Invocation } from '../invocation.ts';
import { plainTable } from '../sql.ts';
import { formatCount } from '../view/numbers.ts';
import { newestFirst } from './capture-letters.ts';
import { FAILURE_COLUMNS, type Failure, failureCells, failureJson } from './failure-lines.ts';
import { countAll, type Failures, type SelectionOptions, withFailures } from './failures-database.ts';

export interface ListOptions extends SelectionOptions {
  readonly limit: number;
  readonly after?: string;
}

const FOUND_SOMETHING = 1;

export async function runList(invocation: Invocation, options: ListOptions): Promise<number> {
  const { output } = invocation;
  const { limit, after } = options;
  return await withFailures(invocation, options, [], async (failures) => {
    const listed = await page(failures, limit, after);
    if (output.isJson) {
      for (const failure of listed) output.json(failureJson(failure));
      return listed.length === 0 ? 0 : FOUND_SOMETHING;
    }
    if (listed.length === 0) {
      output.line(output.paint.good(after === undefined ? 'No row has failed.' : 'There are no more.'));
      return 0;
    }
    for (const line of plainTable(FAILURE_COLUMNS, listed.map(failureCells))) output.line(line);
    const all = await countAll(failures);
    if (listed.length === limit && all > limit) {
      output.line(`${formatCount(all)} in all; the next page: --after ${listed.at(-1)?.id}`);
    }
    return FOUND_SOMETHING;
  });
}

/** Rows from their tables and changes from their archive, as one list. */
async function page(
  failures: Failures,
  rowsMax: number,
  id: string | undefined,
): Promise<readonly Failure[]> {
  const { client, tables, filter, letters } = failures;
  const after = id === undefined ? undefined : await placeOf(failures, id);
  const rows = await listFailures(client, tables, filter, { rowsMax, ...(after && { after }) });
  const changes = letters.filter((letter) => after === undefined || newestFirst(after, letter) < 0);
  return [...rows, ...changes].toSorted(newestFirst).slice(0, rowsMax);
}

async function placeOf({ client, tables, letters }: Failures, id: string): Promise<FailurePlace> {
  const place = letters.find((letter) => letter.id === id) ?? (await placeOfFailure(client, tables, id));
  if (place !== undefined) return place;
  throw new AfterglowError(
    'usage',
    `No failure ${id} is there any more, so nobody can say what follows it.`,
    {
      remedy: 'Begin again without --after.',
    },
  );
}
