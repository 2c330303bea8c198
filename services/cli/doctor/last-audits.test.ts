import { expect, test } from 'vitest';
import { BASE, parse } from '../../../shared/config/fixtures/small-definition.ts';
import type { LastAudit } from '../audit/last-audits.ts';
import { checkLastAudits } from './last-audits.ts';

const audit: LastAudit = {
  enrichment: 'fraud',
  ended_at: '2026-11-20T09:15:02Z',
  age_seconds: 60,
  since_seconds: null,
  rows: 10,
  missing: 0,
  stale: 0,
  orphaned: 0,
  waiting: 0,
  outdated: 0,
};

test.each<[string, Partial<LastAudit>, string, string | undefined]>([
  ['that found nothing is fine', {}, 'ok', undefined],
  ['that found outdated rows is fine', { outdated: 4 }, 'ok', undefined],
  [
    'that found a hole asks for a repair',
    { missing: 1 },
    'failed',
    'npx afterglow audit transactions --repair',
  ],
  [
    'that found a stale row does, too',
    { stale: 1, waiting: 9 },
    'failed',
    'npx afterglow audit transactions --repair',
  ],
  ['that proved nothing asks for another', { waiting: 2 }, 'warning', 'npx afterglow audit transactions'],
])('an audit %s', (_name, found, outcome, fix) => {
  const { definition } = parse(BASE);
  if (definition === undefined) throw new Error('the definition has mistakes');
  expect(checkLastAudits(definition, [])).toEqual([]);
  const [finding] = checkLastAudits(definition, [{ ...audit, ...found }]);
  expect([finding?.outcome, finding?.fix]).toEqual([outcome, fix]);
  expect(finding?.message).toContain('audit of fraud: ');
});
