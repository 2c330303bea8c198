// An enricher that begins while the two change places.
import { expect, test } from 'vitest';
import { moveOffsets } from '../../services/cli/cutover/move-offsets.ts';
import { enricherGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { exchangeStatements } from '../../shared/side-tables/cutovers.ts';
import { lockGroup } from '../../shared/side-tables/known-groups.ts';
import { audit } from '../support/audited.ts';
import { commandLine } from '../support/command-line.ts';
import { settings } from '../support/numbered-records.ts';
import { createPipeline } from '../support/pipeline.ts';
import { twoModels } from '../support/two-models.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 900_000;
const ROWS = 30;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null);
  insert into payments (amount) select n from generate_series(1, ${ROWS}) n`;

const text = twoModels(3);

test(
  'an enricher that was about to begin by the definition of before takes nothing of what is to be taken by the new one',
  async () => {
    await using pipeline = await createPipeline(18, text, TABLES);
    const { client, database, definition } = pipeline;
    await using cli = await commandLine(pipeline, text);
    await using services = pipeline.start('reader', 'writer');
    const both = ['fraud', 'fraud_shadow'] as const;
    const holds = async (name: string, condition: string): Promise<boolean> => {
      const found = `select count(*)::int4 as count from afterglow_internal.state_${name} where ${condition}`;
      return (await client.query<{ count: number }>(found)).rows[0]?.count === ROWS;
    };
    {
      await using enrichers = pipeline.start('enricher fraud', 'enricher fraud_shadow');
      await Promise.all([services.ready(), enrichers.ready()]);
      for (const name of both) {
        await until(() => holds(name, 'true'), { deadlineMs: DEADLINE_MS, what: `the results of ${name}` });
      }
    }
    await client.query('delete from payments where id = 9');
    const holder = await connectDatabase({ url: database.url, applicationName: 'test' });
    await holder.query('begin');
    await lockGroup(holder, enricherGroup(definition.pipeline, 'fraud'));
    await using late = pipeline.start('enricher fraud');
    try {
      const waiting = `select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`;
      await until(async () => (await client.query(waiting)).rowCount === 1, {
        deadlineMs: DEADLINE_MS,
        what: 'the enricher to be about to join its group',
      });
      const kafka = await connectKafkaAdmin(settings());
      // Of what the command does only this: an enricher notices by itself, too, when it is given a few seconds.
      for (const statement of exchangeStatements('fraud')) await client.query(statement);
      const { signal } = new AbortController();
      await moveOffsets({ kafka, definition, enrichment: 'fraud', waitMs: DEADLINE_MS, signal });
      await client.query("update afterglow_internal.cutovers set state = 'done', finished_at = now()");
      await kafka.close();
    } finally {
      await holder.end();
    }
    await using shadow = pipeline.start('enricher fraud_shadow');
    await Promise.all([late.ready(), shadow.ready()]);
    for (const name of both) {
      await until(() => holds(name, 'key_id <> 9 or deleted'), {
        deadlineMs: DEADLINE_MS,
        what: `the row to be gone for ${name}`,
      });
    }
    const audited = await audit(cli);
    expect(audited, audited.error).toMatchObject({ status: 0, findings: [] });
  },
  TEST_MAX_MS,
);
