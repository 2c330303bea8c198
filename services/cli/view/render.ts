// From a snapshot to lines: pure, so that every width and every state has its golden file.

import { harmless } from '../../../shared/terminal/harmless.ts';
import { formatDuration } from '../duration.ts';
import { formatBytes, formatCount, formatLatency, formatRate } from './numbers.ts';
import type { Painter } from './paint.ts';
import { PASTE, pasteLines } from './paste.ts';
import type { PartView, RowTable, ServiceState, ServiceView, Snapshot } from './snapshot.ts';
import { cutTo, fitTo, widthOf } from './width.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

const COLUMNS_MIN = 40;
const FLAGGED_MIN = 3;
const FLAGGED_MAX = 12;
const REVIEWS_MIN = 3;
const REVIEWS_MAX = 6;
const HEADING_LINES = 2;
/** From here on parts and services stand side by side. */
const TWO_COLUMNS_FROM = 100;

/** No line is wider than the screen, and together they fit its height with one line to spare for the cursor. */
export function render(snapshot: Snapshot, screen: Screen, paint: Painter): readonly string[] {
  const columns = Math.max(COLUMNS_MIN, screen.columns);
  const height = Math.max(1, screen.rows - 1);
  const spacious = draw(snapshot, { columns, height, isCompact: false }, paint);
  if (spacious.length <= height) return spacious;
  // A screen too low even for the compact form keeps what changes.
  return draw(snapshot, { columns, height, isCompact: true }, paint).slice(0, height);
}

interface Layout {
  readonly columns: number;
  readonly height: number;
  /** No empty lines, and the parts in one line: their addresses were told before. */
  readonly isCompact: boolean;
}

function draw(snapshot: Snapshot, layout: Layout, paint: Painter): readonly string[] {
  const { columns, height, isCompact } = layout;
  const space = isCompact ? [] : [''];
  const above = [
    title(snapshot, columns, paint),
    ...space,
    ...(isCompact ? compactStack(snapshot, columns, paint) : stack(snapshot, columns, paint)),
    ...space,
    ...figures(snapshot, columns, paint),
    ...space,
  ];
  const notice =
    snapshot.notice === undefined ? [] : [...space, paint.warning(cutTo(harmless(snapshot.notice), columns))];
  const below = [...notice, ...(snapshot.isDemo ? [...space, ...commands(snapshot, layout, paint)] : [])];
  const room = height - above.length - below.length - HEADING_LINES;
  const reviews = reviewLines(snapshot, room, layout, paint);
  // In the compact form the list goes before a line to paste does: half a command is of no use.
  const count = clamp(room - reviews.length, isCompact ? 0 : FLAGGED_MIN, FLAGGED_MAX);
  const flagged = count === 0 ? [] : table('Newest flagged', snapshot.flagged, count, columns, paint);
  return [...above, ...flagged, ...reviews, ...below];
}

/** Texts stand below the flagged rows only where both have room: what is flagged comes first. */
function reviewLines(
  { reviews }: Snapshot,
  room: number,
  { columns, isCompact }: Layout,
  paint: Painter,
): readonly string[] {
  const heading = HEADING_LINES + 1;
  if (reviews === undefined || isCompact || room < FLAGGED_MIN + heading + REVIEWS_MIN) return [];
  const count = clamp(Math.floor((room - heading) / 2), REVIEWS_MIN, REVIEWS_MAX);
  return ['', ...table('Newest reviews', reviews, count, columns, paint)];
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

function title(snapshot: Snapshot, columns: number, paint: Painter): string {
  const name = `Afterglow  up ${formatDuration(Math.floor(snapshot.elapsedMs / 1_000) * 1_000)}`;
  const hint = 'Ctrl-C stops everything';
  const gap = columns - widthOf(name) - widthOf(hint);
  const [word = '', ...rest] = name.split('  ');
  const left = `${paint.strong(word)}  ${rest.join('  ')}`;
  return gap < 2 ? left : `${left}${' '.repeat(gap)}${paint.faint(hint)}`;
}

function stack(snapshot: Snapshot, columns: number, paint: Painter): readonly string[] {
  if (columns < TWO_COLUMNS_FROM) {
    return [
      ...snapshot.parts.map((part) => partLine(part, columns, paint).trimEnd()),
      ...snapshot.services.map((service) => serviceLine(service, columns, paint)),
    ];
  }
  const left = Math.floor(columns / 2) - 1;
  const count = Math.max(snapshot.parts.length, snapshot.services.length);
  return Array.from({ length: count }, (_, index) => {
    const part = snapshot.parts[index];
    const service = snapshot.services[index];
    const drawnPart = part === undefined ? ' '.repeat(left) : partLine(part, left, paint);
    return service === undefined
      ? drawnPart
      : `${drawnPart}  ${serviceLine(service, columns - left - 2, paint)}`;
  });
}

/** What is well stands in one line; what is not has one of its own. */
function compactStack(snapshot: Snapshot, columns: number, paint: Painter): readonly string[] {
  const parts = snapshot.parts.map(({ title: name, owner }) => `${name} ${owner}`).join(' · ');
  const ready = snapshot.services.filter(({ state }) => state === 'ready').map(({ name }) => name);
  return [
    paint.faint(cutTo(parts, columns)),
    ...(ready.length === 0 ? [] : [`${paint.good('●')} ${cutTo(`ready: ${ready.join(', ')}`, columns - 2)}`]),
    ...snapshot.services
      .filter(({ state }) => state !== 'ready')
      .map((service) => serviceLine(service, columns, paint)),
  ];
}

/** `enricher embedding` in full. */
const TITLE_COLUMNS = 18;
const OWNER_COLUMNS = 9;

function partLine(part: PartView, columns: number, paint: Painter): string {
  const address = fitTo(harmless(part.address), columns - TITLE_COLUMNS - OWNER_COLUMNS - 2);
  const owner = fitTo(part.owner, OWNER_COLUMNS);
  const isTheirs = part.owner === 'yours' || part.owner === 'Amazon';
  return `${fitTo(part.title, TITLE_COLUMNS)} ${isTheirs ? paint.accent(owner) : paint.good(owner)} ${paint.faint(address)}`;
}

const STATE: Readonly<Record<ServiceState, { mark: string; color: 'good' | 'warning' | 'bad' }>> = {
  starting: { mark: '◌', color: 'warning' },
  ready: { mark: '●', color: 'good' },
  'not ready': { mark: '◐', color: 'warning' },
  restarting: { mark: '↻', color: 'warning' },
  stopped: { mark: '✖', color: 'bad' },
};

function serviceLine(service: ServiceView, columns: number, paint: Painter): string {
  const { mark, color } = STATE[service.state];
  const name = fitTo(service.name, TITLE_COLUMNS);
  const facts = [
    service.port === undefined ? undefined : `:${service.port}`,
    service.restarts === 0 ? undefined : `restarted ${service.restarts}x`,
    service.detail === undefined ? undefined : harmless(service.detail),
  ].filter((fact) => fact !== undefined);
  const state = fitTo(`${mark} ${service.state}`, OWNER_COLUMNS + 3);
  const rest = cutTo(facts.join('  '), columns - TITLE_COLUMNS - OWNER_COLUMNS - 5);
  return `${name} ${paint[color](state)} ${paint.faint(rest)}`.trimEnd();
}

function figures({ rates, latency, lag }: Snapshot, columns: number, paint: Painter): readonly string[] {
  const rate = (perSecond: number | undefined): string =>
    perSecond === undefined ? '-' : formatRate(perSecond);
  const rows = [
    `in ${paint.strong(rate(rates?.inPerSecond))}`,
    `scored ${paint.strong(rate(rates?.scoredPerSecond))}`,
    `written ${paint.strong(rate(rates?.writtenPerSecond))}`,
  ];
  const times =
    latency === undefined
      ? ['nothing written yet']
      : [
          `p50 ${paint.strong(formatLatency(latency.p50Ms))}`,
          `p99 ${paint.strong(formatLatency(latency.p99Ms))}`,
          ...(columns < 72 ? [] : [paint.faint(`last ${Math.round(latency.windowMs / 1_000)} s`)]),
        ];
  const behind = [
    `waiting ${lag?.rows === undefined ? '-' : `${formatCount(lag.rows)} rows`}`,
    `log ${lag?.slotBytes === undefined ? '-' : formatBytes(lag.slotBytes)}`,
  ];
  return [
    `${fitTo('rows a second', 18)}${rows.join('   ')}`,
    `${fitTo('commit to written', 18)}${times.join('   ')}`,
    `${fitTo('lag', 18)}${behind.join('   ')}`,
  ];
}

const FLEXIBLE_MIN = 6;
const FLEXIBLE_MAX = 40;

function table(
  heading: string,
  { columns: cells, rows: all }: RowTable,
  count: number,
  columns: number,
  paint: Painter,
): readonly string[] {
  const rows = all.slice(0, count);
  if (rows.length === 0) return [paint.strong(heading), paint.faint('none yet')];
  const taken = cells.reduce((sum, { width }) => sum + width, 2 * (cells.length - 1));
  const flexible = clamp(columns - taken, FLEXIBLE_MIN, FLEXIBLE_MAX);
  const line = (texts: readonly string[]): string => {
    const fitted = cells.map(({ width, align }, index) =>
      fitTo(harmless(texts[index] ?? ''), width === 0 ? flexible : width, align),
    );
    return cutTo(fitted.join('  '), columns).trimEnd();
  };
  return [paint.strong(heading), paint.faint(line(cells.map(({ head }) => head))), ...rows.map(line)];
}

function commands({ reviews }: Snapshot, { columns, isCompact }: Layout, paint: Painter): readonly string[] {
  const { similar, ...always } = PASTE;
  const isWithSimilar = reviews !== undefined && !isCompact;
  return [
    paint.strong('Try in another terminal'),
    ...Object.values(isWithSimilar ? { ...always, similar } : always).flatMap((command) =>
      pasteLines(command, columns).map((line) => paint.accent(line)),
    ),
  ];
}
