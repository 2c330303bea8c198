import { z } from 'zod';
import type { Beginning } from './control.ts';
import { faultRule } from './faults/rule.ts';
import { AWS_QUOTAS, quotaRule } from './quotas/rule.ts';

/** Rules as they are given on a command line; `aws` stands for the quotas an account begins with. Throws a RangeError. */
export function readBeginning(faults: readonly string[], quotas: readonly string[]): Beginning {
  return {
    faults: faults.map((text) => read('--fault', text, faultRule)),
    quotas: quotas.flatMap((text) => (text === 'aws' ? AWS_QUOTAS : [read('--quota', text, quotaRule)])),
  };
}

function read<Rule>(option: string, text: string, schema: z.ZodType<Rule>): Rule {
  const checked = schema.safeParse(parse(text));
  if (checked.success) return checked.data;
  throw new RangeError(`${option} ${text}: ${z.prettifyError(checked.error)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema then says that an object is expected
  }
}
