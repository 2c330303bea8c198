// Plain JavaScript, so that any Node can run it: finds the bundled Node 24 and runs the given program with it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OLDEST_THAT_RUNS_TYPESCRIPT = [22, 18];

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

/** Runs `program` with that Node, hands signals on, and ends as it ends. */
export function runWithNode24(program, programArguments) {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(
      `Afterglow needs Node 24, and the bundled one (package node-${process.platform}-${process.arch}) is not installed: ` +
        'run "npm ci --include=optional" here, or start it with Node 22.18 or newer.\n',
    );
    process.exit(3);
  }
  const child = spawn(node, [program, ...programArguments], { stdio: 'inherit' });
  // On a terminal Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`Afterglow could not start ${node}: ${error.message}\n`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 0) : 128 + (constants.signals[signal] ?? 0));
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [program, ...programArguments] = process.argv.slice(2);
  if (program !== undefined) runWithNode24(program, programArguments);
}
