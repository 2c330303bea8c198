import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { FaultEngine, ListedRule } from './faults/engine.ts';
import { type FaultRule, faultRule } from './faults/rule.ts';
import type { CallLedger, Calls } from './ledger.ts';
import type { AwsAnswer } from './operation.ts';

/** The stand-in's own controls, for tests in the same process and behind `/_control` for everyone else. */
export interface Control {
  addFault(rule: FaultRule): number;
  removeFault(id: number): boolean;
  clearFaults(): void;
  faults(): readonly ListedRule[];
  calls(): Calls;
  /** Counts to zero and no faults; the latency given at the start stays. */
  reset(): void;
}

export function createControl(faults: FaultEngine, ledger: CallLedger): Control {
  return {
    addFault: (rule) => faults.add(rule),
    removeFault: (id) => faults.remove(id),
    clearFaults: () => faults.clear(),
    faults: () => faults.list(),
    calls: () => ledger.calls(),
    reset: () => {
      faults.clear();
      ledger.reset();
    },
  };
}

export const CONTROL_BYTES_MAX = 65_536;

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);
const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** A page in a browser can reach this port too: only programs on this machine may turn the knobs. */
export function mayControl(request: IncomingMessage): boolean {
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

/** GET, POST and DELETE `/_control/faults`, DELETE `/_control/faults/<id>`, GET `/_control/calls`, POST `/_control/reset`. */
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
      return addFault(control, body);
    case 'DELETE faults':
      control.clearFaults();
      return json(200, []);
    case 'DELETE faults/<id>':
      return control.removeFault(Number(id))
        ? json(200, control.faults())
        : json(404, { error: 'no such fault' });
    case 'GET calls':
      return json(200, control.calls());
    case 'POST reset':
      control.reset();
      return json(200, {});
    default:
      return json(404, { error: 'no such control' });
  }
}

function addFault(control: Control, body: Buffer): AwsAnswer {
  const read = readRule(body);
  if (!read.success) return json(400, { error: z.prettifyError(read.error) });
  try {
    return json(201, { id: control.addFault(read.data) });
  } catch (error) {
    if (error instanceof RangeError) return json(409, { error: error.message });
    throw error;
  }
}

function readRule(body: Buffer) {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined; // the schema then says that an object is expected
  }
  return faultRule.safeParse(value);
}

function json(status: number, value: unknown): AwsAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
