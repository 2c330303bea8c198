import pg from 'pg';
import { parseLsn } from '../contracts/position.ts';
import { clientConfig, type DatabaseSettings, unreachable } from './connect.ts';

/** Where one timeline of a server ended and the next one began. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly endLsn: bigint;
}

/** What only a replication connection tells: which cluster this is, and how its history ran. */
export interface SystemIdentity {
  readonly systemId: string;
  readonly timeline: number;
  /** How far the log is flushed. */
  readonly lsn: bigint;
  /** Oldest first; empty on the first timeline. */
  readonly history: readonly TimelineSwitch[];
}

const FIRST_TIMELINE = 1;

export async function identifySystem(settings: DatabaseSettings): Promise<SystemIdentity> {
  const { statement_timeout: _unwanted, ...config } = clientConfig(settings);
  // The driver hands every field on to the server, also this one, which its types do not know.
  const client = new pg.Client({ ...config, replication: 'database' } as pg.ClientConfig);
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ systemid: string; timeline: number | string; xlogpos: string }>(
      'IDENTIFY_SYSTEM',
    );
    const [row] = rows;
    if (row === undefined) throw new Error('the server did not identify itself');
    const timeline = Number(row.timeline);
    const history = timeline === FIRST_TIMELINE ? [] : await timelineHistory(client, timeline);
    return { systemId: row.systemid, timeline, lsn: parseLsn(row.xlogpos), history };
  } catch (error) {
    throw unreachable(settings.url, error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function timelineHistory(client: pg.Client, timeline: number): Promise<readonly TimelineSwitch[]> {
  const { rows } = await client.query<{ content: string }>(`TIMELINE_HISTORY ${timeline}`);
  return parseTimelineHistory(rows[0]?.content ?? '');
}

/** The lines of a history file: timeline, where it ended, and why; comments begin with #. */
export function parseTimelineHistory(content: string): readonly TimelineSwitch[] {
  return content.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line);
    return match === null ? [] : [{ timeline: Number(match[1]), endLsn: parseLsn(match[2] ?? '') }];
  });
}
