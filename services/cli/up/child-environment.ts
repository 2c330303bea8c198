// What the children of `up` get of the shell's environment: an explicit list, so that nothing of a user's AWS, database or
// tracing set-up reaches a service by accident.
import { IAM_PARAMETER } from '../../../shared/postgres/address.ts';
import type { Environment } from '../invocation.ts';
import { NODE_ENVIRONMENT } from '../node24.js';
import { isAwsVariable } from '../settings-table.ts';

const ALLOWED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'AFTERGLOW_NOTIFY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  ...Object.keys(NODE_ENVIRONMENT),
]);
const ALLOWED_PREFIXES = ['LC_'];
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)/g;

/** Names that the definition takes values from: without them a service would read another definition than `init` did. */
export function namesInDefinition(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map(([, name]) => name).filter((name) => name !== undefined);
}

const usesIam = (url: string | undefined): boolean =>
  url !== undefined && new URL(url).searchParams.get(IAM_PARAMETER) === 'iam';

/** `own` wins: where the parts are is decided here, not by the shell. */
export function childEnvironment(
  shell: Environment,
  definitionText: string,
  own: Environment,
): Record<string, string> {
  const named = new Set(namesInDefinition(definitionText));
  const inherited = Object.entries(shell).filter(
    ([name]) =>
      ALLOWED.has(name) || named.has(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  // A login by token is signed in the child, with the same credentials.
  const isReal = own.AFTERGLOW_AWS === 'real' || usesIam(own.DATABASE_URL);
  const entries = [...inherited, ...Object.entries(own)].filter(
    ([name, value]) => value !== undefined && (isReal || named.has(name) || !isAwsVariable(name)),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}
