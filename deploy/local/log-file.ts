import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';

const ROTATE_ABOVE_BYTES = 8_000_000;
const TAIL_BYTES = 32_000;
const GIST_CHARACTERS = 300;

/** Makes the folder, puts a log that has grown large aside as `.1`, and returns where this start begins in it. */
export function beginLog(file: string): number {
  makeFolder(dirname(file));
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= ROTATE_ABOVE_BYTES) return bytes;
  renameSync(file, `${file}.1`);
  return 0;
}

/** What was written from that place on, at most its last 32 kB. */
export function readLogFrom(file: string, position: number): string {
  const log = openSync(file, 'r');
  try {
    const end = fstatSync(log).size;
    const begin = Math.max(position, end - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, end - begin));
    return buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, begin));
  } finally {
    closeSync(log);
  }
}

/** The lines that say why, in one sentence: those marked as errors, else the last ones. */
export function logGist(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at '));
  const telling = lines.filter((line) => /\b(FATAL|PANIC|ERROR|HINT)\b|Exception|Error:/.test(line));
  const chosen = (telling.length > 0 ? telling : lines).slice(-3).map((line) => line.replace(/\.$/, ''));
  return chosen.length === 0 ? 'it wrote nothing' : chosen.join('; ').slice(0, GIST_CHARACTERS);
}
