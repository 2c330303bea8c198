// Plain JavaScript, so that any Node can run it: finds the bundled Node 24 and runs the given program with it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isAlive, npmAncestors, parseStat } from './ancestors.js';

const OLDEST_THAT_RUNS_TYPESCRIPT = [22, 18];
const WATCH_INTERVAL_MS = 1_000;
/** Node 22 warns that it strips types, and the Kafka client sets timers that are already due: neither helps a user. */
export const NODE_ARGUMENTS = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  // Node's own choice grows with the machine's memory and takes 50 MB more of it for no speed.
  '--max-semi-space-size=16',
  // More than any service may hold; with so small a heap Node also collects at 1.4 times of what lives instead of 4 times.
  '--max-old-space-size=512',
];
/** What the program, and every service that it starts, has in its environment; what a user has set stays. */
export const NODE_ENVIRONMENT = {
  // What was compiled once is read from here: without it each process keeps the compiler that strips types, 18 MB, for its life.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/afterglow', import.meta.url)),
  // glibc would give each of Node's threads a heap of its own, and keep what they free.
  MALLOC_ARENA_MAX: '2',
  // Its default, but named it stays there: otherwise the first large buffer lifts it, and such buffers are never given back.
  MALLOC_TRIM_THRESHOLD_: '131072',
};
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The path of a Node that runs TypeScript as it is: the bundled one, else the present one when it is new enough. */
export function findNode() {
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`));
    const bundled = join(folder, 'bin', 'node');
    if (existsSync(bundled)) return bundled;
  } catch {
    // Not installed: the package is optional, and there is none for every platform.
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_THAT_RUNS_TYPESCRIPT;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return process.execPath;
  return undefined;
}

/**
 * Runs `program` with that Node, hands signals on, and ends as it ends. With `linked` the program has a channel to this
 * process: it learns signals there, beside what a terminal sends it, and notices when this process is gone.
 */
export function runWithNode24(program, programArguments, { linked = false } = {}) {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(
      `Afterglow needs Node 24, and the bundled one (package node-${process.platform}-${process.arch}) is not installed: ` +
        'run "npm ci --include=optional" here, or start it with Node 22.18 or newer.\n',
    );
    process.exit(3);
  }
  const nodeArguments = [...NODE_ARGUMENTS, program, ...programArguments];
  const child = spawn(node, nodeArguments, {
    env: { ...environmentOf(program), ...process.env },
    stdio: linked ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
  });
  const handOn = (signal) => {
    if (linked) handOnThroughChannel(child, signal);
    // A terminal's Ctrl-C reaches the whole foreground group, the child with it: handed on, it would count twice.
    else if (signal !== 'SIGINT' || !isInForeground()) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, () => handOn(signal));
  if (process.env.npm_lifecycle_event !== undefined) endWithNpm(() => handOn('SIGTERM'));
  child.on('error', (error) => {
    process.stderr.write(`Afterglow could not start ${node}: ${error.message}\n`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 0) : 128 + (constants.signals[signal] ?? 0));
  });
}

/** Only TypeScript gains by the cache: a test runner would fill it with whatever its tests make. */
function environmentOf(program) {
  const { NODE_COMPILE_CACHE, ...environment } = NODE_ENVIRONMENT;
  return program.endsWith('.ts') ? { NODE_COMPILE_CACHE, ...environment } : environment;
}

/** The child knows which signals reached it directly, and drops the ones that are the same key press or the same kill. */
function handOnThroughChannel(child, signal) {
  if (child.connected) child.send({ signal }, () => {});
  else child.kill(signal);
}

/** npm and its shell hand on SIGTERM, but nothing tells this process when they are killed: look once a second. */
function endWithNpm(end) {
  const ancestors = npmAncestors(process.ppid);
  if (ancestors.length === 0) return;
  const watch = setInterval(() => {
    if (ancestors.every((ancestor) => isAlive(ancestor))) return;
    clearInterval(watch);
    end();
  }, WATCH_INTERVAL_MS);
  watch.unref();
}

function isInForeground() {
  try {
    const { group, foregroundGroup } = parseStat(readFileSync('/proc/self/stat', 'utf8'));
    return group === foregroundGroup;
  } catch {
    return process.stdin.isTTY === true; // no /proc: the nearest that is known
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [program, ...programArguments] = process.argv.slice(2);
  if (program !== undefined) runWithNode24(program, programArguments);
}
