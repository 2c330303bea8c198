import { z } from 'zod';
import { checksChange } from './checks.ts';
import type { Control } from './control.ts';
import { faultRule } from './faults/rule.ts';
import type { AnyRequest } from './listener.ts';
import type { AwsAnswer } from './operation.ts';
import { quotaRule } from './quotas/rule.ts';

export const CONTROL_BYTES_MAX = 65_536;

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);
const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** A page in a browser can reach this port too: only programs on this machine may turn the knobs. */
export function mayControl(request: AnyRequest): boolean {
  const { host, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (!LOOPBACK_ADDRESSES.has(request.socket.remoteAddress ?? '')) return false;
  if (host === undefined || !isLoopback(`http://${host}`)) return false; // another name for us: DNS rebinding
  if (origin !== undefined && !isLoopback(origin)) return false;
  return site === undefined || site === 'same-origin' || site === 'none';
}

function isLoopback(address: string): boolean {
  return LOOPBACK_HOSTS.has(URL.parse(address)?.hostname ?? '');
}

/**
 * GET, POST and DELETE `/_control/faults` and `/_control/quotas`, DELETE of one by its id, GET and POST
 * `/_control/checks`, GET `/_control/calls`, POST `/_control/reset`.
 */
export function answerControl(
  control: Control,
  method: string,
  segments: readonly string[],
  body: Buffer,
): AwsAnswer {
  const [, noun = '', id] = segments;
  switch (`${method} ${noun}${id === undefined ? '' : '/<id>'}`) {
    case 'GET faults':
      return json(200, control.faults());
    case 'POST faults':
      return added(body, faultRule, (rule) => control.addFault(rule));
    case 'DELETE faults':
      control.clearFaults();
      return json(200, []);
    case 'DELETE faults/<id>':
      return control.removeFault(Number(id)) ? json(200, control.faults()) : missing('fault');
    case 'GET quotas':
      return json(200, control.quotas());
    case 'POST quotas':
      return added(body, quotaRule, (rule) => control.addQuota(rule));
    case 'DELETE quotas':
      control.clearQuotas();
      return json(200, []);
    case 'DELETE quotas/<id>':
      return control.removeQuota(Number(id)) ? json(200, control.quotas()) : missing('quota');
    case 'GET checks':
      return json(200, control.checks());
    case 'POST checks':
      return changed(control, body);
    case 'GET calls':
      return json(200, control.calls());
    case 'POST reset':
      control.reset();
      return json(200, {});
    default:
      return missing('control');
  }
}

function added<Rule>(body: Buffer, schema: z.ZodType<Rule>, add: (rule: Rule) => number): AwsAnswer {
  const read = schema.safeParse(parse(body));
  if (!read.success) return json(400, { error: z.prettifyError(read.error) });
  try {
    return json(201, { id: add(read.data) });
  } catch (error) {
    if (error instanceof RangeError) return json(409, { error: error.message });
    throw error;
  }
}

function changed(control: Control, body: Buffer): AwsAnswer {
  const read = checksChange.safeParse(parse(body));
  if (!read.success) return json(400, { error: z.prettifyError(read.error) });
  control.changeChecks(read.data);
  return json(200, control.checks());
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // the schema then says that an object is expected
  }
}

function missing(noun: string): AwsAnswer {
  return json(404, { error: `no such ${noun}` });
}

function json(status: number, value: unknown): AwsAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
