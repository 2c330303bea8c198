// A standby of a test's own server, to be promoted.
import { execFileSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts';
import { binariesOf, ensurePostgresBinaries } from '../../deploy/local/postgres-binaries.ts';
import { clusterOf } from '../../deploy/local/postgres-data.ts';
import { serverUser } from '../../deploy/local/server-user.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import type { OwnServer } from './own-server.ts';
import { DOWNLOADS } from './project-folder.ts';
import { until } from './wait.ts';

const NAME = 'standby';
/** The physical slot on the primary. */
export const STANDBY_SLOT = 'standby';
const DEADLINE_MS = 120_000;

export interface Standby extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  promote(): Promise<void>;
  /** Resolves when the slot of that name has been taken over from the primary. */
  synced(slot: string): Promise<void>;
}

/** Copies the running primary; the physical slot has to be there. */
export async function standbyOf(primary: OwnServer, version: 16 | 18): Promise<Standby> {
  const { folders } = primary;
  const place = join(folders.data, NAME);
  const user = serverUser();
  const installed = await ensurePostgresBinaries(DOWNLOADS, () => {});
  mkdirSync(place, { mode: 0o700 });
  copyFileSync(join(folders.data, primary.name, 'password'), join(place, 'password'));
  if (user !== undefined)
    for (const path of [place, join(place, 'password')]) chownSync(path, user.uid, user.gid);
  const program = join(dirname(binariesOf(installed, version).postgres), 'pg_basebackup');
  const asServer = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  const copying = [
    '-d',
    primary.url,
    '-D',
    clusterOf(place),
    '-S',
    STANDBY_SLOT,
    '-R',
    '--checkpoint=fast',
    '--no-sync',
  ];
  execFileSync(program, copying, { ...asServer, cwd: place, stdio: 'pipe' });
  const settings = {
    primary_conninfo: primary.url,
    primary_slot_name: STANDBY_SLOT,
    hot_standby_feedback: 'on',
    fsync: 'off',
    ...(version >= 17 ? { sync_replication_slots: 'on' } : {}),
  };
  const launch = (): Promise<Postgres> =>
    startPostgres({ folders, version, name: NAME, port: 0, settings, progress: () => {} });
  let running: Postgres | undefined = await launch();
  const { url } = running;
  const ask = async <Answer>(work: (client: DatabaseClient) => Promise<Answer>): Promise<Answer> => {
    const client = await connectDatabase({ url, applicationName: 'test (standby)' });
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  return {
    url,
    stop,
    async start() {
      running = await launch();
    },
    promote: () =>
      ask(async (client) => {
        await client.query('select pg_promote(true)');
      }),
    synced: (slot) =>
      ask(async (client) => {
        const taken = 'select from pg_replication_slots where slot_name = $1 and synced and not temporary';
        await until(async () => (await client.query(taken, [slot])).rowCount === 1, {
          deadlineMs: DEADLINE_MS,
          what: 'the standby to have the slot',
        });
      }),
    [Symbol.asyncDispose]: stop,
  };
}
