import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import type { LogLevel } from '../../shared/telemetry/logger.ts';
import type { Output } from './output.ts';

/** Whatever was thrown, as something a person can act on. */
export function asAfterglowError(thrown: unknown): AfterglowError {
  if (thrown instanceof AfterglowError) return thrown;
  if (thrown instanceof CommanderError) return asUsageError(thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new AfterglowError('defect', `Something unexpected happened: ${text}`, {
    cause: thrown,
    remedy: 'Run it again with --log-level debug and report what it shows.',
  });
}

function asUsageError(thrown: CommanderError): AfterglowError {
  const text = thrown.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '. Did you mean $1?')
    .replaceAll('\n', ' ');
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return new AfterglowError('usage', /[.?]$/.test(sentence) ? sentence : `${sentence}.`);
}

/** One sentence and what to do, or JSON; a stack only where someone asked for it. Returns the exit status. */
export function reportError(thrown: unknown, output: Output, logLevel: LogLevel | undefined): number {
  const error = asAfterglowError(thrown);
  const isDetailed = logLevel === 'debug' || logLevel === 'trace';
  if (output.isJson) {
    output.json({ error: { code: error.code, message: error.message, remedy: error.remedy } });
  } else {
    const paint = output.paintError;
    output.note(`${paint.bad('Error:')} ${error.message}`);
    output.note(`${paint.strong('What to do:')} ${error.remedy}`);
  }
  if (isDetailed) output.note(inspect(error.cause ?? error));
  return error.exit;
}
