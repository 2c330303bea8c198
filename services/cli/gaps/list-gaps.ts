import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { listGaps } from '../../../shared/side-tables/gaps.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { gapJson, gapLines } from './gap-lines.ts';

const FOUND_SOMETHING = 1;

export async function runList(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const { databaseUrl: url } = chooseParts(invocation);
  const client = await connectDatabase({ url, applicationName: 'afterglow gaps' });
  try {
    const gaps = await listGaps(client);
    for (const gap of gaps) {
      if (output.isJson) output.json(gapJson(gap));
      else for (const line of gapLines(gap)) output.line(line);
    }
    if (gaps.length === 0 && !output.isJson) output.line(output.paint.good('There is no gap.'));
    return gaps.every(({ state }) => state === 'closed') ? 0 : FOUND_SOMETHING;
  } finally {
    await client.end();
  }
}
