import { linkToLauncher } from './launcher-link.ts';
import { runProgram } from './program.ts';

linkToLauncher();
for (const stream of [process.stdout, process.stderr]) {
  // `afterglow status | head`: who reads has seen enough, which is no defect.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const status = await runProgram(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  standardOutput: process.stdout,
  standardError: process.stderr,
});
process.exit(status);
