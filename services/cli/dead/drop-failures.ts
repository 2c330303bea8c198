import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { dropFailures, dropLetters } from '../../../shared/side-tables/failures.ts';
import type { Invocation } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { formatCount } from '../view/numbers.ts';
import { CAPTURE } from './capture-letters.ts';
import { countAll, requireSelection, type SelectionOptions, withFailures } from './failures-database.ts';

export interface DropOptions extends SelectionOptions {
  readonly all?: boolean;
}

export async function runDrop(
  invocation: Invocation,
  options: DropOptions,
  ids: readonly string[],
): Promise<number> {
  requireSelection(options, ids);
  const { output } = invocation;
  return await withFailures(invocation, options, ids, async (failures) => {
    const all = await countAll(failures);
    const what = `${formatCount(all)} ${all === 1 ? 'failure' : 'failures'}`;
    if (all > 0 && !(await isConfirmed(invocation, `${what} will not be listed any more. Go on?`))) {
      throw new AfterglowError(
        'consent_missing',
        `${what} would not be listed any more; nobody agreed to that.`,
      );
    }
    const { client, tables, filter, letters } = failures;
    const letterIds = letters.map(({ id }) => id);
    const dropped =
      (await dropFailures(client, tables, filter)) + (await dropLetters(client, CAPTURE, letterIds));
    if (output.isJson) output.json({ dropped });
    else
      output.line(
        `${formatCount(dropped)} ${dropped === 1 ? 'failure is' : 'failures are'} not listed any more.`,
      );
    return 0;
  });
}
