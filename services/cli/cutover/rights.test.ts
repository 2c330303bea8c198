import { expect, test } from 'vitest';
import { changed } from './rights.ts';

const NONE = { privileges: [], policies: [], isRowSecure: false, isForced: false } as const;
const GIVEN = {
  privileges: [
    { role: '', privilege: 'SELECT', column: 'score', grantable: false },
    { role: 'a role', privilege: 'SELECT', column: null, grantable: true },
  ],
  policies: [
    {
      name: 'few',
      permissive: 'RESTRICTIVE',
      roles: ['public', 'a role'],
      command: 'ALL',
      using: 'id < 3',
      check: 'true',
    },
  ],
  isRowSecure: true,
  isForced: true,
} as const;

test('a table gets the rights that its new name had, and those that it had are taken away', () => {
  expect(changed('results', NONE, GIVEN)).toEqual([
    'grant SELECT ("score") on results to public',
    'grant SELECT on results to "a role" with grant option',
    'create policy "few" on results as RESTRICTIVE for ALL to public, "a role" using (id < 3) with check (true)',
    'alter table results enable row level security',
    'alter table results force row level security',
  ]);
  expect(changed('results', GIVEN, NONE)).toEqual([
    'revoke SELECT ("score") on results from public cascade',
    'revoke SELECT on results from "a role" cascade',
    'drop policy "few" on results',
    'alter table results disable row level security',
    'alter table results no force row level security',
  ]);
});

test('where both have the same rights nothing is touched', () => {
  const alike = { ...GIVEN, policies: [] };
  expect(changed('results', alike, alike)).toEqual([]);
});
