import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * What a log may say of an error. A database error quotes values in its message and detail, and a parser the text it stumbled
 * over: of those only the parts that come from the program.
 */
export function loggableError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { type: typeof error };
  const cause = error.cause === undefined ? {} : { cause: loggableError(error.cause) };
  if ('severity' in error && 'routine' in error) {
    const { code, routine, schema, table, column, constraint } = error as unknown as Record<string, unknown>;
    return { type: 'DatabaseError', code, routine, schema, table, column, constraint, ...cause };
  }
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
  const { name } = error;
  const code = 'code' in error ? { code: error.code } : {};
  if (error instanceof SyntaxError) return { type: name, ...code, stack: frames, ...cause };
  return { type: name, ...code, message: error.message, stack: frames, ...cause };
}

/** Logs go to standard error, so that standard output stays for results. Tables, counts, positions; never row values. */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  const options = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: loggableError },
    redact: {
      paths: [
        'password',
        '*.password',
        'connectionString',
        '*.connectionString',
        'authorization',
        '*.authorization',
      ],
      censor: '[hidden]',
    },
  };
  if (process.stderr.isTTY === true) {
    const colorize = process.env.NO_COLOR === undefined;
    return pino({
      ...options,
      transport: { target: 'pino-pretty', options: { destination: 2, colorize, ignore: 'pid,hostname' } },
    });
  }
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
