import { CATALOGUE } from './catalogue.ts';
import type { CatalogueEntry } from './catalogue-entry.ts';
import { POLICY, type Policy, type PolicyAction } from './policy.ts';

const ACTIONS: Readonly<Record<PolicyAction, string>> = {
  retry: 'fewer calls at once, again with jitter; counts no attempt',
  pause: 'the consumer waits with its offset, tries again with jitter, goes on by itself',
  bisect: 'the batch is halved until the refused row stands alone',
  fail_item: 'that row ends as failed and is archived; its neighbours go on',
  stop: 'that enrichment waits, offsets unmoved, /readyz says why; a try every 60 s',
  budget: 'pause, or over_budget, as configured',
  archive: 'kept byte for byte in the dead letters; the stream goes on',
  end_process: 'the process ends; its supervisor starts it again from the last committed offset',
};

const EXITS: Readonly<Record<number, string>> = {
  1: 'a check found something',
  2: 'usage or definition',
  3: 'a part is unreachable',
  4: 'refused',
  70: 'a defect',
};

/** docs/errors.md, whole. */
export function errorsPage(): string {
  const kinds = Object.entries<Policy>(POLICY).map(
    ([kind, { action, hint }]) => `| \`${kind}\` | ${ACTIONS[action]} | ${hint} |`,
  );
  const codes = Object.entries<CatalogueEntry>(CATALOGUE)
    .toSorted(([a, { exit: exitA }], [b, { exit: exitB }]) => exitA - exitB || (a < b ? -1 : 1))
    .map(([code, { exit, meaning, remedy }]) => `| \`${code}\` | ${exit} | ${meaning} | ${remedy} |`);
  const exits = Object.entries(EXITS).map(([exit, meaning]) => `| ${exit} | ${meaning} |`);
  return `${[
    '# Errors',
    '',
    '<!-- Made from shared/errors; a test compares. Do not edit here. -->',
    '',
    '## What happens to a row or a batch',
    '',
    'Every fault on the way of a row is of one kind, and the kind alone decides.',
    '',
    '| kind | what happens | what to do |',
    '|---|---|---|',
    ...kinds,
    '',
    '## What the command line says',
    '',
    'Each error is one sentence about what happened here and one about what to do; `--json` gives its code.',
    '',
    '| exit status | means |',
    '|---|---|',
    '| 0 | fine |',
    ...exits,
    '',
    '| code | exit | meaning | what to do |',
    '|---|---|---|---|',
    ...codes,
  ].join('\n')}\n`;
}
