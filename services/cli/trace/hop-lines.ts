import { harmless } from '../../../shared/terminal/harmless.ts';
import { formatCount, formatLatency } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import { fitTo } from '../view/width.ts';
import type { Hop } from './hops.ts';

const TIME_COLUMNS = 14;
const HOP_COLUMNS = 11;

/** Pure: a change begins at the margin with its time, what followed stands below with the time since its commit. */
export function hopLines(hops: readonly Hop[], paint: Painter): readonly string[] {
  return hops.map((hop) => {
    const isBeginning = hop.hop === 'committed';
    const time = isBeginning ? new Date(hop.at_ms).toISOString().slice(11, 23) : `+${latency(hop)}`;
    const line = `${paint.faint(fitTo(isBeginning ? time : `  ${time}`, TIME_COLUMNS))} ${fitTo(hop.hop, HOP_COLUMNS)} ${harmless(factsText(hop))}`;
    return isBeginning
      ? `${new Date(hop.at_ms).toISOString().slice(0, 10)} ${line}`
      : `${' '.repeat(10)} ${line}`;
  });
}

const latency = ({ after_commit_ms: ms }: Hop): string => formatLatency(Math.max(0, ms));

const OPERATIONS = { c: 'insert', u: 'update', d: 'delete', r: 'read again', t: 'truncate' } as const;

function factsText(hop: Hop): string {
  const { commit_lsn, event_index, epoch } = hop.position;
  switch (hop.hop) {
    case 'committed': {
      const redo = hop.redo === null ? '' : ` (${hop.redo}, for ${hop.redo_for.join(', ')})`;
      return `${OPERATIONS[hop.operation]} at ${commit_lsn} #${event_index}, epoch ${epoch}${redo}`;
    }
    case 'published':
      return `offset ${formatCount(Number(hop.offset))}`;
    case 'enriched':
      return [`${hop.enrichment}: ${hop.status}`, ...enrichedFacts(hop)].join(', ');
    case 'written': {
      const reason = hop.reason === null ? '' : ` (${hop.reason})`;
      return `${hop.enrichment}: ${hop.status}${reason} is what stands beside the row, revision ${hop.revision}`;
    }
  }
}

function enrichedFacts(hop: Extract<Hop, { readonly hop: 'enriched' }>): readonly string[] {
  const { model, model_ms, batch_rows, attempts, cached, cost_nano_usd: nanoUsd, detail, flagged } = hop;
  const { decision } = hop;
  return [
    ...(detail === null ? [] : [detail]),
    ...(model === null ? [] : [model]),
    ...(cached === true ? ['cached'] : []),
    ...(model_ms === null || cached === true ? [] : [`model ${formatLatency(model_ms)}`]),
    ...(batch_rows === null ? [] : [`batch of ${formatCount(batch_rows)}`]),
    ...(attempts === null || attempts < 2 ? [] : [`${attempts} attempts`]),
    ...(nanoUsd === null ? [] : [dollars(nanoUsd)]),
    ...(flagged === true ? ['flagged'] : []),
    ...(decision === null ? [] : [decision]),
    `revision ${hop.revision}`,
  ];
}

const NANO = 1e9;

/** "$0", "$0.000001": what one row costs needs more digits than what a day costs. */
const dollars = (nanoUsd: number): string =>
  nanoUsd === 0 ? '$0' : `$${(nanoUsd / NANO).toFixed(9).replace(/0+$/, '')}`;
