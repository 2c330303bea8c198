import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Beginning } from './control.ts';
import { faultRule } from './faults/rule.ts';
import type { FunctionSettings } from './lambda/environment.ts';
import { AWS_QUOTAS, quotaRule } from './quotas/rule.ts';

/** Rules as they are given on a command line; `aws` stands for the quotas an account begins with. Throws a RangeError. */
export function readBeginning(faults: readonly string[], quotas: readonly string[]): Beginning {
  return {
    faults: faults.map((text) => read('--fault', text, faultRule)),
    quotas: quotas.flatMap((text) => (text === 'aws' ? AWS_QUOTAS : [read('--quota', text, quotaRule)])),
  };
}

const FUNCTION = /^([A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9_-]{1,128})?)=(.+)$/;

/** Functions as they are given on a command line, `name=module` or `name:alias=module`. Throws a RangeError. */
export function readFunctions(functions: readonly string[]): Readonly<Record<string, FunctionSettings>> {
  return Object.fromEntries(
    functions.map((text) => {
      const [, name, module] = FUNCTION.exec(text) ?? [];
      if (name === undefined || module === undefined) {
        throw new RangeError(`--function ${text}: it is written name=module, score-orders=./score.js`);
      }
      const file = resolve(module);
      if (!existsSync(file)) throw new RangeError(`--function ${text}: there is no file ${file}`);
      return [name, { module: file }];
    }),
  );
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
