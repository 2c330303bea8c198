import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import type { Audited, WrongRows } from './audit-lines.ts';
import type { Finding, Reason } from './judge.ts';
import { markQueued, readQueued } from './queued.ts';
import type { Scanned } from './scan.ts';
import { countSuspects, fenceAhead, settledKeys } from './statements.ts';
import type { Subject } from './subject.ts';

const KEYS_SHOWN = 5;
const PAGE_KEYS = 1_000;

interface CountRow {
  readonly finding: Finding | null;
  readonly reason: Reason | null;
  readonly settled: boolean;
  readonly count: number;
}

/** What is left of the suspects: wrong for good, or still in doubt. */
export async function readAudited(client: Queryable, subject: Subject, scanned: Scanned): Promise<Audited> {
  // Jobs have gone on while the last look waited for what was in doubt.
  await markQueued(client, subject);
  const { text, values } = countSuspects(subject);
  const { rows } = await client.query<CountRow>(text, [...values]);
  const shown = new Map<Reason, Readonly<Record<string, string>>[]>();
  for await (const { reason, key } of wrongKeysOf(client, subject, KEYS_SHOWN)) {
    const keys = shown.get(reason) ?? [];
    shown.set(reason, [...keys, key]);
  }
  return {
    enrichment: subject.enrichment,
    source: subject.source,
    rows: scanned.rows,
    outdated: scanned.outdated,
    queued: await readQueued(client, subject),
    waiting: rows.filter(({ settled }) => !settled).reduce((sum, { count }) => sum + count, 0),
    wrong: [
      ...(await wrongFence(client, subject)),
      ...rows.flatMap(({ finding, reason, settled, count }): WrongRows[] =>
        settled && finding !== null && reason !== null
          ? [{ finding, reason, count, keys: shown.get(reason) ?? [] }]
          : [],
      ),
    ],
  };
}

/** It is of no key, and stands before every one: counted as if it were one. */
async function wrongFence(client: Queryable, subject: Subject): Promise<readonly WrongRows[]> {
  const { text, values } = fenceAhead(subject);
  const { rowCount } = await client.query(text, [...values]);
  return rowCount === 0 ? [] : [{ finding: 'stale', reason: 'fence', count: 1, keys: [] }];
}

export interface WrongKey {
  readonly key: Readonly<Record<string, string>>;
  readonly finding: Finding;
  readonly reason: Reason;
}

/** One after the other, however many. `eachMax`: of every reason only so many. */
export async function* wrongKeysOf(
  client: Queryable,
  subject: Subject,
  eachMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<WrongKey> {
  const given = new Map<Reason, number>();
  let after: KeyTexts | undefined;
  for (;;) {
    const { text, values } = settledKeys(subject, after, PAGE_KEYS);
    const { rows } = await client.query<{ key: string; finding: Finding; reason: Reason }>(text, [...values]);
    for (const { key, finding, reason } of rows) {
      after = JSON.parse(key) as KeyTexts;
      const count = (given.get(reason) ?? 0) + 1;
      given.set(reason, count);
      if (count <= eachMax) yield { key: named(subject, after), finding, reason };
    }
    if (rows.length < PAGE_KEYS) return;
  }
}

const named = ({ tables }: Subject, texts: KeyTexts): Readonly<Record<string, string>> =>
  Object.fromEntries(tables.keyColumns.map(({ name }, place) => [name, texts[place] ?? '']));
