// Where Valkey is, and how to log in. The schemes of Redis are taken as well: it speaks the same protocol.
import { readFileSync } from 'node:fs';
import { AfterglowError } from '../errors/catalogue.ts';

export interface ValkeyAddress {
  readonly host: string;
  readonly port: number;
  readonly usesTls: boolean;
  /** Certificates of authorities (PEM). Undefined: those that Node knows. */
  readonly authority: string | undefined;
  /** Of its access list. Undefined: the default one. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

export interface ValkeyOptions {
  /** A file. */
  readonly authority: string | undefined;
  /** Where the URL has none, so that a secret can be handed over by itself. */
  readonly password: string | undefined;
}

const DEFAULT_PORT = 6379;
const PLAIN = new Set(['valkey:', 'redis:']);
const ENCRYPTED = new Set(['valkeys:', 'rediss:']);
const DATABASE = /^\/?(\d{0,5})$/;

/** @throws AfterglowError usage; the address itself may hold a password and is not quoted */
export function valkeyAddress(text: string, { authority, password }: ValkeyOptions): ValkeyAddress {
  const url = URL.parse(text);
  const [, database] = DATABASE.exec(url?.pathname ?? '') ?? [];
  const isKnown = url !== null && (PLAIN.has(url.protocol) || ENCRYPTED.has(url.protocol));
  if (!isKnown || url.hostname === '' || url.search !== '' || url.hash !== '' || database === undefined) {
    throw new AfterglowError(
      'usage',
      'VALKEY_URL is not written valkeys://user:password@host:port or, without TLS, valkey://…',
    );
  }
  const usesTls = ENCRYPTED.has(url.protocol);
  if (authority !== undefined && !usesTls) {
    throw new AfterglowError(
      'usage',
      'AFTERGLOW_VALKEY_CA is set, and VALKEY_URL begins with a scheme that has no TLS: write valkeys://…',
    );
  }
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    usesTls,
    authority: authority === undefined ? undefined : pem(authority),
    user: decoded(url.username),
    password: decoded(url.password) ?? password,
    database: Number(database),
  };
}

/** Without what is secret. */
export const describeValkey = ({ host, port, usesTls }: ValkeyAddress): string =>
  `${host}:${port}${usesTls ? ' over TLS' : ''}`;

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new AfterglowError(
      'usage',
      'The user or password in VALKEY_URL has a % that is not written as %25.',
      { cause },
    );
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AfterglowError('usage', `The certificate file ${file} of AFTERGLOW_VALKEY_CA cannot be read.`, {
      cause,
    });
  }
}
