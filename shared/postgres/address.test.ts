import { describe, expect, test } from 'vitest';
import { databaseAddress, withDatabaseOptions } from './address.ts';

const RDS = 'shop.cluster-abc.eu-central-1.rds.amazonaws.com';
const CA = '/etc/rds.pem';

describe('the way to the database', () => {
  test.each<[string, 'plain' | 'verified' | 'unverified']>([
    ['postgres://u:p@localhost/shop', 'plain'],
    ['postgres://u:p@127.0.0.1:6543/shop', 'plain'],
    ['postgres://u:p@[::1]/shop', 'plain'],
    ['postgres://u:p@postgres:5432/shop', 'plain'], // a container beside us
    ['postgres://u:p@10.2.3.4/shop', 'plain'],
    ['postgres://u:p@db.shop.svc.cluster.local/shop', 'plain'],
    [`postgres://u:p@${RDS}/shop`, 'verified'],
    ['postgres://u:p@db.example.com/shop', 'verified'],
    ['postgres://u:p@8.8.8.8/shop', 'verified'],
    ['postgres://u:p@db.example.com/shop?sslmode=disable', 'plain'],
    ['postgres://u:p@db.example.com/shop?sslmode=require', 'verified'], // never less than that
    ['postgres://u:p@localhost/shop?sslmode=verify-full', 'verified'],
    [`postgres://u:p@localhost/shop?sslrootcert=${CA}`, 'verified'],
    ['postgres://u:p@localhost/shop?sslmode=no-verify', 'unverified'],
    ['postgres://u@localhost/shop?afterglow_auth=iam', 'verified'],
  ])('%s is %s', (url, expected) => {
    const { tls } = databaseAddress(url);
    expect(tls === undefined ? 'plain' : tls.isUnverified ? 'unverified' : 'verified').toBe(expected);
  });

  test.each([
    ['postgres://u:p@db.example.com/shop?sslmode=no-verify', 'tls_unverified'],
    ['postgres://u:p@postgres/shop?sslmode=prefer', 'tls_unverified'],
    [`postgres://u@${RDS}/shop?sslmode=disable&afterglow_auth=iam`, 'tls_unverified'],
    ['postgres://u:p@localhost/shop?sslmode=perhaps', 'usage'],
  ])('%s is refused', (url, code) => {
    expect(() => databaseAddress(url)).toThrow(expect.objectContaining({ code }));
  });
});

test('the options go with the URL, what it says itself wins, and the driver sees none of them', () => {
  const url = withDatabaseOptions(`postgres://reader@${RDS}/shop?connect_timeout=3`, {
    authority: CA,
    usesIam: true,
  });
  expect(databaseAddress(url)).toEqual({
    url: `postgres://reader@${RDS}/shop?connect_timeout=3`,
    host: RDS,
    port: 5432,
    user: 'reader',
    tls: { authority: CA, certificate: undefined, key: undefined, isUnverified: false },
    usesIam: true,
    region: 'eu-central-1',
  });
  const own = withDatabaseOptions('postgres://u@h/shop?sslrootcert=/mine.pem', { authority: CA });
  expect(databaseAddress(own).tls?.authority).toBe('/mine.pem');
  expect(withDatabaseOptions('postgres://u@h/shop', {})).toBe('postgres://u@h/shop');
});

test('the region of an address that does not tell comes with the URL', () => {
  const url = withDatabaseOptions('postgres://u@db.example.com/shop', { usesIam: true, region: 'eu-west-1' });
  expect(databaseAddress(url).region).toBe('eu-west-1');
});
