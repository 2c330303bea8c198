import { afterEach, expect, test, vi } from 'vitest';
import { databaseToken } from './database-token.ts';

const REQUEST = { host: 'shop.example.com', port: 5432, user: 'reader', region: 'eu-central-1' };

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a token names server, user and action, is signed for the region, and holds for 15 minutes', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', '');
  const token = await databaseToken(REQUEST);
  const parts = new URL(`https://${token}`);
  expect(parts.host).toBe('shop.example.com:5432');
  expect(Object.fromEntries(parts.searchParams)).toMatchObject({
    Action: 'connect',
    DBUser: 'reader',
    'X-Amz-Expires': '900',
  });
  expect(parts.searchParams.get('X-Amz-Credential')).toMatch(/^AKIAEXAMPLE\/\d{8}\/eu-central-1\/rds-db\//);
  expect(token).not.toContain('secret');
});

test('without a region nothing is signed', async () => {
  await expect(databaseToken({ ...REQUEST, region: undefined })).rejects.toMatchObject({ code: 'usage' });
});
