import { expect, test } from 'vitest';
import { valkeyAddress } from '../../../shared/valkey/address.ts';
import { fixesOf } from './facts-of-tests.ts';
import { checkValkey } from './valkey.ts';

const address = (url: string) => valkeyAddress(url, { authority: undefined, password: undefined });

test.each<[problem: string | undefined, url: string, wrong: readonly RegExp[]]>([
  [undefined, 'valkeys://cache.example.com', []],
  [undefined, 'valkey://127.0.0.1:7000', []],
  [undefined, 'valkey://cache.example.com', [/^warning: .*without TLS.*\| Write valkeys:/]],
  ['WRONGPASS', 'valkeys://shop:hidden@cache', [/^failed: cache:6379 over TLS .*login.*VALKEY_PASSWORD/]],
  [
    'NOPERM',
    'valkeys://shop:hidden@cache',
    [/^failed: .*\| ACL SETUSER shop ~afterglow:\* \+getrange \+set$/],
  ],
  ['MOVED', 'valkeys://cache', [/^failed: .*cluster/]],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'valkeys://cache', [/^failed: The certificate .*AFTERGLOW_VALKEY_CA/]],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'valkeys://cache', [/^failed: The certificate /]],
  ['no_room', 'valkeys://cache', [/^warning: .*no more room/]],
  ['ECONNREFUSED', 'valkeys://shop:hidden@cache', [/^warning: .*does not answer \(ECONNREFUSED\)/]],
  ['timeout', 'valkeys://cache', [/^warning: .*does not answer/]],
])('%s at %s is told with its fix', (problem, url, wrong) => {
  const fixes = fixesOf(checkValkey({ address: address(url), problem }));
  expect(fixes).toEqual(wrong.map((pattern) => expect.stringMatching(pattern)));
  expect(fixes.join()).not.toContain('hidden');
});
