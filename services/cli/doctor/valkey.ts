import { randomUUID } from 'node:crypto';
import { isLoopback } from '../../../shared/postgres/address.ts';
import { describeValkey, type ValkeyAddress } from '../../../shared/valkey/address.ts';
import { connectValkey, valkeyProblem, within } from '../../../shared/valkey/client.ts';
import { type Finding, findings } from './finding.ts';

export interface ValkeyFacts {
  readonly address: ValkeyAddress;
  /** no_room: it kept nothing. Undefined: it keeps and gives back. */
  readonly problem: string | undefined;
}

const ANSWER_MAX_MS = 3_000;
const KEPT_MS = 10_000;

export async function readValkeyFacts(address: ValkeyAddress): Promise<ValkeyFacts> {
  const key = `afterglow:doctor:${randomUUID()}`;
  const text = 'kept for a moment';
  try {
    const client = await connectValkey(address, ANSWER_MAX_MS);
    try {
      await within(client.keep([{ key, text }], KEPT_MS), ANSWER_MAX_MS);
      const [found] = await within(client.read([key]), ANSWER_MAX_MS);
      return { address, problem: found === text ? undefined : 'no_room' };
    } finally {
      client.end();
    }
  } catch (error) {
    return { address, problem: valkeyProblem(error) };
  }
}

/** Pure. Without Valkey everything goes on, so what may pass by itself is a warning. */
export function checkValkey({ address, problem }: ValkeyFacts): readonly Finding[] {
  const { ok, failed, warning } = findings('valkey');
  const valkey = describeValkey(address);
  if (problem === undefined) {
    const found = ok(`${valkey} keeps answers and gives them back`);
    if (address.usesTls || isLoopback(address.host)) return [found];
    const fix = 'Write valkeys:// in VALKEY_URL once the server takes TLS.';
    return [found, warning(`${valkey} is reached without TLS: whoever is on the way reads along.`, fix)];
  }
  if (problem === 'WRONGPASS' || problem === 'NOAUTH') {
    return [
      failed(
        `${valkey} does not take our login (${problem}).`,
        'Correct user and password in VALKEY_URL, or VALKEY_PASSWORD.',
      ),
    ];
  }
  if (problem === 'NOPERM') {
    const user = address.user ?? 'default';
    return [
      failed(
        `${valkey} does not let ${user} keep and read answers (NOPERM).`,
        `ACL SETUSER ${user} ~afterglow:* +getrange +set`,
      ),
    ];
  }
  if (problem === 'MOVED') {
    return [
      failed(
        `${valkey} is one node of a cluster, and keys of others are not followed.`,
        'Name a server that is not in cluster mode, or the address of ElastiCache Serverless.',
      ),
    ];
  }
  if (/CERT|SIGNATURE/.test(problem)) {
    return [
      failed(
        `The certificate of ${valkey} is not one that a known authority signed for this name (${problem}).`,
        'Name the authority in AFTERGLOW_VALKEY_CA, or correct the host in VALKEY_URL.',
      ),
    ];
  }
  if (problem === 'no_room') {
    const fix = 'CONFIG SET maxmemory-policy allkeys-lru  # or give it more memory';
    return [warning(`${valkey} keeps nothing new: it has no more room.`, fix)];
  }
  return [
    warning(
      `${valkey} does not answer (${problem}): what was paid for is found in PostgreSQL, more slowly.`,
      'Check VALKEY_URL, and the route and the security group from here.',
    ),
  ];
}
