import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import type { Sample } from '../bench.ts';
import type { Parts } from '../reader/parts.ts';
import { outcomes, type Shape } from './outcomes.ts';
import { createWriteBench } from './pipeline.ts';

const BATCH_ROWS = 1_000;
type Scored = ReturnType<typeof outcomes>[number];

const ASSIGNED = ['flagged', 'decision', 'scored_at', 'cost_nano_usd'];

/** What most writers do: each result as it comes, into the same table, from memory. */
export async function rowByRow(parts: Parts, rows: number): Promise<Sample> {
  const text = `insert into afterglow.fraud (id, score, ${ASSIGNED.join(', ')}) values ($1, $2, $3, $4, $5, $6)
    on conflict (id) do update set score = excluded.score, ${ASSIGNED.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  const events = outcomes('fraud', 0, rows);
  return await measured(parts, rows, async (client) => {
    for (const event of events) {
      await client.query({
        name: 'upsert',
        text,
        values: [event.key.id, outputOf(event), ...assigned(event)],
      });
    }
  });
}

/** Batches as large as ours, from memory, into the result table alone: no position, so nothing keeps an older result out. */
export async function unguarded(parts: Parts, shape: Shape, rows: number): Promise<Sample> {
  const output = shape === 'fraud' ? 'score' : 'embedding';
  const type = shape === 'fraud' ? 'float8' : 'text';
  const cast = shape === 'fraud' ? 'sent.output' : 'sent.output::public.halfvec(1024)';
  const chunk = shape === 'fraud' ? { names: '', values: '', key: 'id' } : CHUNK;
  const text = `insert into afterglow.${shape} (id, ${output}, ${ASSIGNED.join(', ')}${chunk.names})
    select sent.id, ${cast}, sent.flagged, sent.decision, sent.scored_at, sent.cost${chunk.values}
      from unnest($1::int8[], $2::${type}[], $3::bool[], $4::text[], $5::timestamptz[], $6::int8[]) as sent(id, output, flagged, decision, scored_at, cost)
    on conflict (${chunk.key}) do update set ${output} = excluded.${output}, ${ASSIGNED.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  return await measured(parts, rows, async (client) => {
    for (let from = 0; from < rows; from += BATCH_ROWS) {
      const events = outcomes(shape, from, Math.min(rows, from + BATCH_ROWS));
      const columns = [0, 1, 2, 3].map((place) => events.map((event) => assigned(event)[place]));
      await client.query({
        name: 'upsert',
        text,
        values: [events.map(({ key }) => key.id), events.map(outputOf), ...columns],
      });
    }
  });
}

const CHUNK = {
  names: ', chunk, chunk_start, chunk_end, tokens',
  values: ', 0, 0, 400, 100',
  key: 'id, chunk',
};

const assigned = ({ flagged, decision, enriched_at, cost_nano_usd }: Scored): readonly unknown[] => [
  flagged ?? null,
  decision?.action ?? null,
  enriched_at,
  cost_nano_usd,
];

function outputOf({ result }: Scored): unknown {
  const { score, chunks } = result as { score?: number; chunks?: readonly { vector_f32le_base64: string }[] };
  if (chunks === undefined) return score;
  const bytes = Buffer.from(chunks[0]?.vector_f32le_base64 ?? '', 'base64');
  return `[${new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4).join(',')}]`;
}

/** A first time, and the same once more. */
async function measured(
  parts: Parts,
  rows: number,
  work: (client: DatabaseClient) => Promise<void>,
): Promise<Sample> {
  const bench = await createWriteBench(parts);
  const client = await connectDatabase({
    url: bench.databaseUrl,
    applicationName: 'bench',
    statementTimeoutMs: 0,
  });
  try {
    const seconds: number[] = [];
    for (let time = 0; time < 2; time += 1) {
      const startedAtMs = performance.now();
      await work(client);
      seconds.push((performance.now() - startedAtMs) / 1_000);
    }
    const [first = 0, again = 0] = seconds;
    return {
      rows_per_second: rows / first,
      again_rows_per_second: rows / again,
      again_cheaper_times: first / again,
    };
  } finally {
    await client.end();
  }
}
