// What to do about the slot: the table of docs/operations.md as one pure function. The first row that fits decides.
import { formatLsn } from '../../../shared/contracts/position.ts';
import { compareStoredPositions, type StoredPosition } from '../../../shared/contracts/stored-position.ts';
import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import { slotIsLost } from '../../../shared/postgres/slots.ts';
import type { GapDraft } from '../../../shared/side-tables/gaps.ts';
import { publicationName, slotName } from '../../../shared/side-tables/names.ts';
import { confirmedLsn, type PreflightFacts } from './facts.ts';
import {
  concernedTables,
  describeChanges,
  type PublishedChange,
  type PublishedChangeKind,
  publishedChanges,
} from './published-changes.ts';

export type WaitReason = 'recovery' | 'read_only' | 'standby';

export type Decision =
  | {
      readonly action: 'stream';
      /** New timeline that holds everything up to the position: worth telling, nothing to mend. */
      readonly isPromoted: boolean;
      /** Streams on, but somebody should look: recorded without a halt. */
      readonly gap: GapDraft | undefined;
    }
  | { readonly action: 'create' }
  | { readonly action: 'wait'; readonly reason: WaitReason; readonly message: string }
  | Halt;

export interface Halt {
  readonly action: 'halt';
  readonly code: ErrorCode;
  readonly message: string;
  /** null: nothing may be written into this database, or nothing was ever captured from it. */
  readonly gap: GapDraft | null;
  /** What the halt is about: the log itself, or what is published of it. */
  readonly subject: 'slot' | 'published' | 'history' | 'set_up';
}

export const FIRST_EPOCH = 1;

/** The farthest that anybody remembers to be in Kafka. */
export function knownPosition({ stored, twin }: PreflightFacts): StoredPosition | undefined {
  if (stored === undefined || twin === undefined) return stored ?? twin;
  return compareStoredPositions(stored, twin) < 0 ? twin : stored;
}

export function decide(facts: PreflightFacts, pipeline: string): Decision {
  const { server, slot, gap } = facts;
  if (server.isInRecovery) return wait('recovery', 'This node is a standby: waiting until it is the writer.');
  if (server.isReadOnly) return wait('read_only', 'This node takes no writes: waiting until it does.');
  if (slot?.active === true) {
    return wait(
      'standby',
      `Standing by: process ${slot.activePid} of the server reads slot ${slotName(pipeline)}.`,
    );
  }
  const history = decideHistory(facts, pipeline);
  if (history !== undefined) return history;
  // What it halted for once it halts for until somebody repairs it, even where it no longer shows.
  if (gap !== undefined) return openGap(gap);
  const changes = publishedChanges(facts.stored?.published, facts.published);
  const isAny = (...kinds: readonly PublishedChangeKind[]): boolean =>
    changes.some(({ kind }) => kinds.includes(kind));
  // The gap of a halt is for all that changed: once it is repaired, what is published then is what counts.
  if (isAny('incomplete')) return publishedHalt('publication_incomplete', facts, pipeline, changes);
  const aboutSlot = decideSlot(facts, pipeline);
  if (aboutSlot !== undefined) return aboutSlot;
  if (isAny('remade', 'identity')) return publishedHalt('publication_changed', facts, pipeline, changes);
  if (isAny('by_partition')) return byPartition(pipeline, changes);
  return {
    action: 'stream',
    isPromoted: isPromoted(facts),
    gap: changes.length === 0 ? undefined : harmlessGap(facts, pipeline, changes),
  };
}

function wait(reason: WaitReason, message: string): Decision {
  return { action: 'wait', reason, message };
}

/** Is this still the database, with the history, whose rows are in Kafka? If not, nothing of it may be written or read. */
function decideHistory(facts: PreflightFacts, pipeline: string): Halt | undefined {
  const { system, stored, twin } = facts;
  const known = knownPosition(facts);
  if (known === undefined) return undefined;
  const halt = (code: ErrorCode, message: string): Halt => ({
    action: 'halt',
    code,
    message,
    gap: null,
    subject: 'history',
  });
  const at = formatLsn(known.lsn);
  const foreign = [stored, twin].find(
    (copy) => copy?.epoch === known.epoch && copy.systemId !== system.systemId,
  );
  if (foreign !== undefined) {
    return halt(
      'database_forked',
      `This is the database system ${system.systemId}; what is in Kafka came from ${foreign.systemId}.`,
    );
  }
  const switched = switchPoint(facts, known.timeline);
  if (known.timeline !== system.timeline && (switched === undefined || switched < known.lsn)) {
    const where = switched === undefined ? 'never held it' : `left it at ${formatLsn(switched)}`;
    return halt(
      'database_forked',
      `Kafka has timeline ${known.timeline} up to ${at}; this server, on timeline ${system.timeline}, ${where}.`,
    );
  }
  if (system.lsn < known.lsn) {
    return halt(
      'database_forked',
      `Kafka has everything up to ${at}; this server's log ends at ${formatLsn(system.lsn)}.`,
    );
  }
  if (twin !== undefined && (stored === undefined || compareStoredPositions(stored, twin) < 0)) {
    const excused = stored?.epoch === twin.epoch && twin.timeline !== system.timeline; // the switch was looked at above
    if (!excused) {
      const remembers =
        stored === undefined ? 'nothing' : `epoch ${stored.epoch} up to ${formatLsn(stored.lsn)}`;
      return halt(
        'database_restored',
        `Kafka has epoch ${twin.epoch} of ${pipeline} up to ${formatLsn(twin.lsn)}; this database remembers ${remembers}.`,
      );
    }
  }
  return undefined;
}

function switchPoint({ system }: PreflightFacts, timeline: number): bigint | undefined {
  return system.history.find((entry) => entry.timeline === timeline)?.endLsn;
}

function isPromoted(facts: PreflightFacts): boolean {
  const known = knownPosition(facts);
  return known !== undefined && known.timeline !== facts.system.timeline;
}

function decideSlot(facts: PreflightFacts, pipeline: string): Decision | undefined {
  const { slot, server } = facts;
  const name = slotName(pipeline);
  const known = knownPosition(facts);
  if (slot === undefined) {
    if (known === undefined) return { action: 'create' };
    return slotHalt(
      'slot_lost',
      facts,
      `Replication slot ${name} is gone; Kafka has everything up to ${formatLsn(known.lsn)}.`,
    );
  }
  if (slot.plugin !== 'pgoutput' || slot.database !== server.database) {
    const message = `Replication slot ${name} uses ${slot.plugin} in database ${slot.database}.`;
    return { action: 'halt', code: 'slot_foreign', message, gap: null, subject: 'set_up' };
  }
  if (slotIsLost(slot)) {
    const why = slot.invalidationReason === null ? '' : ` (${slot.invalidationReason})`;
    return slotHalt('slot_lost', facts, `Replication slot ${name} was invalidated by the server${why}.`);
  }
  const confirmed = confirmedLsn(slot);
  if (known !== undefined && confirmed > known.lsn) {
    return slotHalt(
      'slot_moved',
      facts,
      `Replication slot ${name} stands at ${formatLsn(confirmed)}; Kafka has everything up to ${formatLsn(known.lsn)} only.`,
    );
  }
  return undefined;
}

function slotHalt(code: ErrorCode, facts: PreflightFacts, message: string): Halt {
  return {
    action: 'halt',
    code,
    message,
    gap: draft(code, message, facts, facts.published.tables),
    subject: 'slot',
  };
}

function publishedHalt(
  code: ErrorCode,
  facts: PreflightFacts,
  pipeline: string,
  changes: readonly PublishedChange[],
): Halt {
  const message = describeChanges(publicationName(pipeline), changes);
  const gap = draft(code, message, facts, concernedTables(changes, facts.published));
  return { action: 'halt', code, message, gap, subject: 'published' };
}

/** The rows stand in the log under other names, and are read from there when the option is back: no gap. */
function byPartition(pipeline: string, changes: readonly PublishedChange[]): Halt {
  const tables = changes.filter(({ kind }) => kind === 'by_partition');
  const message = describeChanges(publicationName(pipeline), tables);
  return { action: 'halt', code: 'publication_by_partition', message, gap: null, subject: 'set_up' };
}

function harmlessGap(
  facts: PreflightFacts,
  pipeline: string,
  changes: readonly PublishedChange[],
): GapDraft | undefined {
  const message = describeChanges(publicationName(pipeline), changes);
  const gap = draft('publication_changed', message, facts, concernedTables(changes, facts.published));
  return gap === null ? undefined : { ...gap, halts: false };
}

/** null where nothing was captured yet: then nothing can be missing. */
function draft(
  reason: ErrorCode,
  detail: string,
  facts: PreflightFacts,
  tables: readonly TableName[],
): GapDraft | null {
  const from = knownPosition(facts);
  if (from === undefined) return null;
  return { reason, detail, halts: true, tables: tables.map(({ schema, name }) => ({ schema, name })), from };
}

function openGap(gap: NonNullable<PreflightFacts['gap']>): Halt {
  const code = gap.reason as ErrorCode;
  return { action: 'halt', code, message: gap.detail, gap: null, subject: SUBJECTS[gap.reason] ?? 'slot' };
}

const SUBJECTS: Readonly<Record<string, Halt['subject']>> = {
  publication_incomplete: 'published',
  publication_changed: 'published',
};
