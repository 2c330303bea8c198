import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Logs go to standard error, so that standard output stays for results. Tables, counts, positions; never row values. */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  const options = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
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
