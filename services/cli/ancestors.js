// Which processes stand between npm and this one. Plain JavaScript: the launcher runs on an old Node.
import { readFileSync } from 'node:fs';

const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'busybox', 'zsh', 'ksh']);
const ANCESTORS_MAX = 16;

/** The fields of /proc/<pid>/stat that matter here; the name in brackets may itself hold spaces and brackets. */
export function parseStat(text) {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, close),
    state: fields[0],
    parent: Number(fields[1]),
    group: Number(fields[2]),
    foregroundGroup: Number(fields[5]),
    start: fields[19],
  };
}

function readProcess(pid) {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, command, ...stat };
  } catch {
    return undefined; // ended meanwhile, or no /proc
  }
}

/** npm shows itself as "npm start" or "npm exec …", and as node with npm's program until it has done so. */
export function isNpm({ name, command }) {
  return (
    /^(npm|npx|pnpm|yarn)\b/.test(name) ||
    /\b(npm|npx|pnpm|yarn)(-cli)?(\.c?js)?(\s|$)/.test(command.slice(0, 400))
  );
}

/**
 * From `pid` upwards, the npm processes and the shells below them: when one of these is gone, nobody is left who would
 * stop us. The user's own shell above npm is not among them.
 */
export function npmAncestors(pid, read = readProcess) {
  const line = [];
  let count = 0;
  for (let next = pid; next > 1 && line.length < ANCESTORS_MAX; ) {
    const found = read(next);
    if (found === undefined) break;
    const npm = !SHELLS.has(found.name) && isNpm(found);
    if (!npm && !SHELLS.has(found.name)) break;
    line.push({ pid: found.pid, start: found.start });
    if (npm) count = line.length;
    next = found.parent;
  }
  return line.slice(0, count);
}

/** The same process still, not one that got its number later, nor what is left of it until its parent looks. */
export function isAlive({ pid, start }, read = readProcess) {
  const found = read(pid);
  return found !== undefined && found.start === start && found.state !== 'Z';
}
