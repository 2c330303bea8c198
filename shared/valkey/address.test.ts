import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeValkey, type ValkeyOptions, valkeyAddress } from './address.ts';

const NOTHING: ValkeyOptions = { authority: undefined, password: undefined };

describe('the address of Valkey', () => {
  test.each([
    ['valkey://cache', { host: 'cache', port: 6379, usesTls: false, user: undefined, password: undefined }],
    ['redis://cache:7000/3', { host: 'cache', port: 7000, usesTls: false, database: 3 }],
    ['rediss://:word@[::1]:6380', { host: '::1', port: 6380, usesTls: true, password: 'word' }],
    ['valkeys://us%65r:p%25%2F%40@cache/', { usesTls: true, user: 'user', password: 'p%/@', database: 0 }],
  ])('%s is read whole', (text, expected) => {
    expect(valkeyAddress(text, NOTHING)).toMatchObject(expected);
  });

  test('a password that is handed over by itself is taken where the URL has none', () => {
    const options = { ...NOTHING, password: 'secret' };
    expect(valkeyAddress('valkeys://user@cache', options)).toMatchObject({
      user: 'user',
      password: 'secret',
    });
    expect(valkeyAddress('valkeys://user:own@cache', options)).toMatchObject({ password: 'own' });
  });

  test.each([
    'cache:6379',
    'http://user:hidden@cache',
    'valkeys://user:hidden@cache/0?ssl_cert_reqs=none',
    'valkeys://user:hidden@cache/name',
    'valkeys://user:hid%den@cache',
    'valkeys://',
  ])('%s is refused, without its password in the message', (text) => {
    let message = '';
    try {
      valkeyAddress(text, NOTHING);
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage' });
      message = String(error);
    }
    expect(message).toContain('VALKEY_URL');
    expect(message).not.toMatch(/hidden|hid%den/);
  });

  test('an authority is read from its file, and refused where there is no TLS to use it for', () => {
    const folder = mkdtempSync(join(tmpdir(), 'valkey-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'authority.pem');
    writeFileSync(file, 'the certificate');
    const options = { ...NOTHING, authority: file };
    expect(valkeyAddress('valkeys://cache', options).authority).toBe('the certificate');
    expect(() => valkeyAddress('valkey://cache', options)).toThrow(/AFTERGLOW_VALKEY_CA/);
    expect(() => valkeyAddress('valkeys://cache', { ...options, authority: '/nowhere' })).toThrow(/nowhere/);
  });

  test('a description holds no password', () => {
    const address = valkeyAddress('valkeys://user:hidden@cache', NOTHING);
    expect(describeValkey(address)).toBe('cache:6379 over TLS');
  });
});
