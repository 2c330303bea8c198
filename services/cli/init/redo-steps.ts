// Rows that are there already when a source or an enrichment joins a pipeline whose reader has begun. Their jobs are made in
// the transaction that lets them join, so that a set-up which breaks off leaves neither. Before its slot is made, the reader
// loads every source by itself.
import { type Definition, enrichmentsOfTable, type Source } from '../../../shared/config/definition.ts';
import { cdcTopic, enricherGroup } from '../../../shared/contracts/topics.ts';
import { quoteLiteral } from '../../../shared/postgres/connect.ts';
import { GAPS, POSITIONS, REDO_JOBS } from '../../../shared/side-tables/names.ts';
import { type NewRedoJob, redoJobStatement } from '../../../shared/side-tables/redo-jobs.ts';
import { formatCount } from '../view/numbers.ts';
import { type InitState, tableKey } from './state.ts';
import { type InitStep, type SqlStep, sqlStep } from './step.ts';

export function redoSteps(definition: Definition, state: InitState): readonly InitStep[] {
  return Object.entries(definition.sources).flatMap(([name, source]): readonly InitStep[] => {
    const enrichments = enrichmentsOfTable(definition, source.table);
    const topic = cdcTopic(definition.pipeline, source.table.schema, source.table.name);
    // Recorded in the same transaction: the topic is that of an earlier set-up or of none.
    if (!state.recordedPartitions.has(topic)) {
      return job(`first load of ${name}`, source, { reason: 'snapshot', enrichments }, state);
    }
    const known = enrichments.filter((enrichment) => state.revisions.has(enrichment));
    const joining = enrichments
      .filter((enrichment) => !state.revisions.has(enrichment))
      .flatMap((enrichment): readonly InitStep[] => {
        const group = enricherGroup(definition.pipeline, enrichment);
        return [
          {
            kind: 'group_start',
            title: `group ${group}`,
            reason: 'it begins at the end of the topic: what was there before comes by its own job',
            group,
            topic,
          },
          ...job(
            `backfill for ${enrichment}`,
            source,
            { reason: 'backfill', enrichments: [enrichment] },
            state,
          ),
        ];
      });
    return [...returned(name, definition.pipeline, source, known, state), ...joining];
  });
}

/**
 * Changes of a table that was no source for a while are in no log, and a reader that ran without it does not remember that it
 * was one: a gap whose repair has begun, so that the results of rows that are gone are looked for, too.
 */
function returned(
  name: string,
  pipeline: string,
  { table: { schema, name: tableName } }: Source,
  enrichments: readonly string[],
  { slot, publication }: InitState,
): readonly SqlStep[] {
  const isThere = publication?.tables.some((table) => table.schema === schema && table.name === tableName);
  // Where the publication itself is missing, the reader finds it so.
  if (slot === undefined || isThere !== false || enrichments.length === 0) return [];
  const [inSchema, called] = [quoteLiteral(schema), quoteLiteral(tableName)];
  const addressed = `array[${enrichments.map(quoteLiteral).join(', ')}]::text[]`;
  const detail = quoteLiteral(`Table ${schema}.${tableName} was no source for a while.`);
  return sqlStep(`redo of ${name}`, 'what changed while it was no source was never captured', [
    `with forgotten as (
  select epoch, lsn from ${POSITIONS} where pipeline = ${quoteLiteral(pipeline)} and published is not null
    and not exists (select from jsonb_array_elements(published -> 'tables') t where t ->> 'schema' = ${inSchema} and t ->> 'name' = ${called})
), made as (
  insert into ${REDO_JOBS} (table_schema, table_name, reason, enrichments)
  select ${inSchema}, ${called}, 'gap', ${addressed} from forgotten returning job
)
insert into ${GAPS} (reason, detail, halts, tables, from_epoch, from_lsn, to_epoch, to_lsn, state, repaired_at, jobs)
select 'publication_changed', ${detail}, false, jsonb_build_array(jsonb_build_object('schema', ${inSchema}, 'name', ${called})),
       epoch, lsn, epoch, lsn, 'repairing', now(), array[job] from forgotten, made`,
  ]);
}

function job(
  title: string,
  { table }: Source,
  { reason, enrichments }: Pick<NewRedoJob, 'reason' | 'enrichments'>,
  state: InitState,
): readonly SqlStep[] {
  if (state.slot === undefined || enrichments.length === 0) return [];
  const rows = state.estimates.get(tableKey(table));
  const counted = rows === undefined ? 'the rows' : `about ${formatCount(Math.round(rows))} rows`;
  const { schema, name } = table;
  const made = {
    schema,
    table: name,
    reason,
    enrichments,
    ...(rows === undefined ? {} : { estimatedRows: rows }),
  };
  return sqlStep(title, `${counted} of ${schema}.${name}, read once the services run by this definition`, [
    redoJobStatement(made),
  ]);
}
