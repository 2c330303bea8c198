// What an expression's result must be, by where it stands.
import { type Expression, nullHint } from './compile.ts';
import type { Problem } from './problem.ts';

export type Wanted = 'bool' | 'number' | 'text';

const ACCEPTED: Readonly<Record<Wanted, readonly string[]>> = {
  bool: ['bool'],
  number: ['bool', 'int', 'double'],
  // A NULL part of a text is left out, so it needs no word on what NULL means.
  text: ['string', 'optional<string>'],
};

const WORDS: Readonly<Record<Wanted, string>> = {
  bool: 'true or false',
  number: 'a number or a boolean',
  text: 'a text',
};

export function resultProblem(expression: Expression, wanted: Wanted): Problem | undefined {
  const { type, bare } = expression;
  if (ACCEPTED[wanted].includes(type)) return undefined;
  const optional = /^optional<(.*)>$/.exec(type)?.[1];
  if (bare?.nullable && optional !== undefined && ACCEPTED[wanted].includes(optional)) {
    const message = `${bare.name} may be NULL, so say what NULL means`;
    return { severity: 'error', offset: 0, message, instead: nullHint(bare) };
  }
  const message = `this must be ${WORDS[wanted]}, and it is ${type}`;
  const instead = INSTEAD[`${wanted} ${type}`]?.(expression.text);
  return { severity: 'error', offset: 0, message, ...(instead === undefined ? {} : { instead }) };
}

const INSTEAD: Readonly<Record<string, (text: string) => string>> = {
  'number string': (text) => `code(${text}, ["…", "…"]), the zero-based place in a list`,
  'number timestamp': (text) => `days(now - ${text}) or ${text}.getHours()`,
  'number duration': (text) => `days(${text})`,
  'text int': (text) => `string(${text})`,
  'text double': (text) => `string(${text})`,
  'text bool': (text) => `string(${text})`,
};
