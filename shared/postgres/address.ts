// What a database URL says about the way there. TLS either checks whom it leads to or is not there at all: encryption to
// nobody knows whom only looks safe. docs/operations.md tells it to people.
import { readFileSync } from 'node:fs';
import { AfterglowError } from '../errors/catalogue.ts';

export interface DatabaseAddress {
  /** For the driver, without what is told by the other fields. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly tls: TlsFiles | undefined;
  /** Log in with a token of Amazon's instead of a password. */
  readonly usesIam: boolean;
  /** Amazon's region of the server; undefined: its name does not tell. */
  readonly region: string | undefined;
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** Undefined: the authorities that Node knows. */
  readonly authority: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Only to this very machine. */
  readonly isUnverified: boolean;
}

/** In the URL, so that whoever gets it has all of it: AFTERGLOW_DATABASE_AUTH and AFTERGLOW_DATABASE_CA are put in here. */
export const IAM_PARAMETER = 'afterglow_auth';
export const REGION_PARAMETER = 'afterglow_region';
/** No other client knows these. */
export const OUR_PARAMETERS = [IAM_PARAMETER, REGION_PARAMETER] as const;
const AUTHORITY_PARAMETER = 'sslrootcert';
const OURS = ['sslmode', AUTHORITY_PARAMETER, 'sslcert', 'sslkey', 'ssl', ...OUR_PARAMETERS] as const;

const DEFAULT_PORT = 5432;
const VERIFIED = new Set(['require', 'verify-ca', 'verify-full']);
const UNVERIFIED = new Set(['no-verify', 'prefer', 'allow']);
const RDS_HOST = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/;

export interface DatabaseOptions {
  readonly authority?: string | undefined;
  readonly usesIam?: boolean;
  readonly region?: string | undefined;
}

/** The URL with these options in it; what it says itself stays. */
export function withDatabaseOptions(url: string, { authority, usesIam, region }: DatabaseOptions): string {
  if (authority === undefined && usesIam !== true) return url;
  const address = new URL(url);
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && !address.searchParams.has(name)) address.searchParams.set(name, value);
  };
  put(AUTHORITY_PARAMETER, authority);
  if (usesIam === true) {
    put(IAM_PARAMETER, 'iam');
    put(REGION_PARAMETER, region);
  }
  return address.href;
}

/** @throws AfterglowError tls_unverified */
export function databaseAddress(url: string): DatabaseAddress {
  const address = new URL(url);
  const { searchParams: parameters } = address;
  const value = (name: (typeof OURS)[number]): string | undefined => parameters.get(name) ?? undefined;
  const host = parameters.get('host') ?? address.hostname.replace(/^\[(.+)\]$/, '$1');
  const usesIam = value(IAM_PARAMETER) === 'iam';
  const authority = value(AUTHORITY_PARAMETER);
  const wanted = usesIam || authority !== undefined || value('sslcert') !== undefined;
  const mode = value('sslmode') ?? (wanted || !isNear(host) ? 'verify-full' : 'disable');
  const tls: TlsFiles | undefined =
    mode === 'disable'
      ? undefined
      : {
          authority: authority === 'system' ? undefined : authority,
          certificate: value('sslcert'),
          key: value('sslkey'),
          isUnverified: isUnverified(mode, host),
        };
  if (usesIam && tls === undefined && !isLoopback(host)) {
    throw new AfterglowError(
      'tls_unverified',
      'A token of Amazon is sent over TLS only, and sslmode is disable.',
    );
  }
  const region = value(REGION_PARAMETER) ?? RDS_HOST.exec(host)?.[1];
  for (const name of OURS) parameters.delete(name);
  return {
    url: address.href,
    host,
    port: Number(address.port === '' ? DEFAULT_PORT : address.port),
    user: decodeURIComponent(address.username),
    tls,
    usesIam,
    region,
  };
}

function isUnverified(mode: string, host: string): boolean {
  if (VERIFIED.has(mode)) return false;
  if (UNVERIFIED.has(mode)) {
    if (isLoopback(host)) return true;
    throw new AfterglowError(
      'tls_unverified',
      `sslmode=${mode} does not check whom the connection to ${host} leads to.`,
    );
  }
  throw new AfterglowError('usage', 'sslmode takes disable or verify-full.', {
    remedy: 'See docs/operations.md on TLS.',
  });
}

export function isLoopback(host: string): boolean {
  return host === '' || host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** This machine, a container or pod beside it, a private network: where plain connections are usual unless sslmode says more. */
function isNear(host: string): boolean {
  if (isLoopback(host) || !/[.:]/.test(host)) return true;
  if (/\.(?:local|internal)$/.test(host)) return true;
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|fe80:)/i.test(host);
}

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** With the files read. @throws AfterglowError when one of them cannot be */
export function tlsOptions({ authority, certificate, key, isUnverified: unverified }: TlsFiles): TlsOptions {
  return {
    rejectUnauthorized: !unverified,
    ...(authority === undefined ? {} : { ca: pem(authority) }),
    ...(certificate === undefined ? {} : { cert: pem(certificate) }),
    ...(key === undefined ? {} : { key: pem(key) }),
  };
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AfterglowError('usage', `The certificate file ${file} cannot be read.`, {
      cause,
      remedy: 'Check AFTERGLOW_DATABASE_CA, or sslrootcert in DATABASE_URL.',
    });
  }
}
