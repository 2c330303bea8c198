import { createInterface } from 'node:readline/promises';
import type { Invocation } from './invocation.ts';

/** Asks on a terminal; --yes answers. Without a terminal there is nobody to ask, and silence is no consent. */
export async function isConfirmed({ saysYes, output }: Invocation, question: string): Promise<boolean> {
  if (saysYes) return true;
  if (process.stdin.isTTY !== true || output.isJson) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
