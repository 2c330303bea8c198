import { once } from 'node:events';
import { localFolders } from '../../deploy/local/folders.ts';
import { startKafka } from '../../deploy/local/kafka.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import { claimStack } from '../../deploy/local/running-stack.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';

// A supervisor as small as can be, to be killed by tests: node run-parts.ts <folder> [postgres] [kafka]

const [, , project = '', ...wanted] = process.argv;
const folders = localFolders(project);
const progress = ({ message }: { readonly message: string }): void => {
  process.stdout.write(`${message}\n`);
};
const terminated = once(process, 'SIGTERM');
const keepAlive = setInterval(() => {}, 60_000);
try {
  const claim = await claimStack(folders, ({ name }) => progress({ message: `left over: ${name}` }));
  const starts = [];
  if (wanted.includes('postgres')) {
    const onSpawn = (identity: { readonly pid: number; readonly start: string }): void =>
      claim.addProcess({ ...identity, name: 'postgres', kind: 'postgres' });
    starts.push(startPostgres({ folders, version: 18, port: 0, progress, onSpawn }));
  }
  if (wanted.includes('kafka')) {
    const onSpawn = (identity: { readonly pid: number; readonly start: string }): void =>
      claim.addProcess({ ...identity, name: 'kafka', kind: 'kafka' });
    starts.push(startKafka({ folders, port: 0, progress, onSpawn }));
  }
  const parts = await Promise.all(starts);
  process.stdout.write('all up\n');
  await terminated;
  for (const part of parts) await part.stop();
  claim.release();
} catch (error) {
  if (!(error instanceof AfterglowError)) throw error;
  process.stdout.write(`${error.code}: ${error.message}\n`);
  process.exitCode = error.exit;
} finally {
  clearInterval(keepAlive);
}
