// What `afterglow gaps repair` will do: a pure function of what preflight finds.
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { Gap, GapDraft } from '../../../shared/side-tables/gaps.ts';
import { publicationName } from '../../../shared/side-tables/names.ts';
import { type Decision, decide, FIRST_EPOCH, type Halt, knownPosition } from '../preflight/decide.ts';
import type { PreflightFacts } from '../preflight/facts.ts';
import {
  concernedTables,
  describeChanges,
  missingNow,
  nameOf,
  publishedChanges,
} from '../preflight/published-changes.ts';

export interface RepairPlan {
  /** The record that this closes; undefined: none was written yet. */
  readonly gap: Gap | undefined;
  /** What the record says when it has to be written first. */
  readonly draft: GapDraft;
  readonly message: string;
  readonly tables: readonly TableName[];
  readonly replacesSlot: boolean;
  /** The epoch from now on. */
  readonly epoch: number;
  readonly raisesEpoch: boolean;
  /** The reader stands still, so that its position may be written. */
  readonly isHalted: boolean;
}

export interface RepairInput {
  readonly facts: PreflightFacts;
  readonly pipeline: string;
  readonly newEpoch: boolean;
  /** Open without a halt, or repairing with a job that failed. */
  readonly others: readonly Gap[];
}

const SLOT_SURVIVES_SINCE = 180_000;

/** @throws AfterglowError when nothing has to be repaired, or something else has to be done before */
export function planRepair(input: RepairInput): RepairPlan {
  const { facts, pipeline, newEpoch, others } = input;
  const decision = decide(facts, pipeline);
  const isHistory = decision.action === 'halt' && decision.subject === 'history';
  if (newEpoch && !isHistory) {
    throw new AfterglowError(
      'gap_not_repairable',
      'This is the database that Kafka knows: no new epoch is needed.',
      {
        remedy: 'Leave --new-epoch out.',
      },
    );
  }
  if (decision.action !== 'halt') return planOthers(decision, facts, others);
  if (decision.subject === 'set_up') throw new AfterglowError(decision.code, decision.message);
  if (isHistory && !newEpoch) throw new AfterglowError(decision.code, decision.message);
  requirePublished(facts, pipeline);
  const known = knownPosition(facts);
  if (known === undefined) throw new AfterglowError(decision.code, decision.message);
  const epoch = isHistory ? latestEpoch(facts) + 1 : known.epoch;
  const allTables = facts.published.tables.map(({ schema, name }) => ({ schema, name }));
  const draft: GapDraft = decision.gap ?? {
    reason: decision.code,
    detail: decision.message,
    halts: true,
    tables: allTables,
    from: { epoch: known.epoch, lsn: known.lsn },
  };
  const replacesSlot = isHistory || slotHasToGo(facts, pipeline, decision);
  // A slot that is lost lost the rows of every table, whatever the halt was about at first.
  const tables = replacesSlot ? allTables : stillSources(facts, tablesOf(facts, draft));
  const { message } = decision;
  return {
    gap: facts.gap,
    draft,
    message,
    tables,
    replacesSlot,
    epoch,
    raisesEpoch: isHistory,
    isHalted: true,
  };
}

function requirePublished(facts: PreflightFacts, pipeline: string): void {
  const missing = missingNow(facts.published);
  if (missing.length === 0) return;
  throw new AfterglowError('gap_not_repairable', describeChanges(publicationName(pipeline), missing), {
    remedy: 'Run `afterglow init`, which publishes what the definition names, then repair.',
  });
}

/** The reader streams or could: what is left are gaps it did not halt for, and those whose jobs did not end well. */
function planOthers(decision: Decision, facts: PreflightFacts, others: readonly Gap[]): RepairPlan {
  if (decision.action === 'wait' && decision.reason !== 'standby') {
    throw new AfterglowError('gap_not_repairable', decision.message, {
      remedy: "Let DATABASE_URL name the writer's address.",
    });
  }
  const [gap] = others;
  if (gap === undefined) throw new AfterglowError('nothing_to_repair');
  const epoch = knownPosition(facts)?.epoch ?? FIRST_EPOCH;
  return {
    gap,
    draft: gap,
    message: gap.detail,
    tables: stillSources(facts, gap.tables),
    replacesSlot: false,
    epoch,
    raisesEpoch: false,
    isHalted: false,
  };
}

/** Those of the record, and those whose publication was changed since: once it is repaired, what is published then is what counts. */
function tablesOf({ gap, stored, published }: PreflightFacts, draft: GapDraft): readonly TableName[] {
  const recorded = gap?.tables ?? draft.tables;
  const since = concernedTables(publishedChanges(stored?.published, published), published);
  const added = since.filter((table) => !recorded.some((known) => nameOf(known) === nameOf(table)));
  return [...recorded, ...added.map(({ schema, name }) => ({ schema, name }))];
}

/** Of a table that left the definition no reader publishes rows any more: its job would wait, and the gap stay open, for good. */
const stillSources = ({ published }: PreflightFacts, tables: readonly TableName[]): readonly TableName[] =>
  tables.filter((table) => published.tables.some((source) => nameOf(source) === nameOf(table)));

function slotHasToGo(facts: PreflightFacts, pipeline: string, halt: Halt): boolean {
  if (halt.subject === 'slot') return true;
  const { stored } = facts;
  const unrecorded = stored === undefined ? undefined : { ...stored, published: undefined };
  const beneath = decide({ ...facts, gap: undefined, stored: unrecorded }, pipeline);
  if (beneath.action === 'halt' && beneath.subject === 'slot') return true;
  // Before 18 a slot cannot get past the place where the publication was missing, be it under another name only.
  if (facts.server.versionNumber >= SLOT_SURVIVES_SINCE) return false;
  const recorded = stored?.published;
  if (recorded === undefined) return true;
  return publishedChanges(recorded, facts.published).some(
    ({ kind, table }) => table === null && (kind === 'remade' || kind === 'altered'),
  );
}

const latestEpoch = ({ stored, twin }: PreflightFacts): number =>
  Math.max(stored?.epoch ?? FIRST_EPOCH, twin?.epoch ?? FIRST_EPOCH);
