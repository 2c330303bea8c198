// Rows that are there already when a source or an enrichment joins a pipeline whose reader has begun. Their jobs are made in
// the transaction that lets them join, so that a set-up which breaks off leaves neither. Before its slot is made, the reader
// loads every source by itself.
import { type Definition, enrichmentsOfTable, type Source } from '../../../shared/config/definition.ts';
import { cdcTopic, enricherGroup } from '../../../shared/contracts/topics.ts';
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
    return enrichments
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
  });
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
