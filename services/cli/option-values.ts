import { InvalidArgumentError } from 'commander';

/** For commander: each returns the value of an option, or throws a sentence about what it takes. */
export function wholeNumberOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It takes a whole number.');
  }
  return value;
}

export function portOption(text: string): number {
  const port = wholeNumberOption(text);
  if (port > 65_535) throw new InvalidArgumentError('It takes a port, 0 to 65535.');
  return port;
}

/** Rows a second. */
export function rateOption(text: string): number {
  const rate = Number(text.replace(/\/s$/, ''));
  if (!(rate > 0) || rate > 100_000) throw new InvalidArgumentError('It takes rows a second, such as 20.');
  return rate;
}
