import type { Definition } from '../../shared/config/definition.ts';
import { type EnrichedEvent, enrichedEvent } from '../../shared/contracts/events.ts';
import { millisecondsOf } from '../../shared/contracts/instant.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { compileEventFilter, type EventFilter } from '../../shared/expressions/event-filter.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { follow } from '../../shared/kafka/follow.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { harmless } from '../../shared/terminal/harmless.ts';
import type { Invocation } from './invocation.ts';
import { chooseParts } from './settings.ts';
import { listenForInterruption } from './up/interruption.ts';
import { formatLatency } from './view/numbers.ts';
import type { Painter } from './view/paint.ts';

export interface TailOptions {
  readonly where?: string;
  readonly flagged?: boolean;
  readonly from?: number;
}

export async function tail(
  invocation: Invocation,
  { pipeline, enrichments }: Definition,
  enrichment: string,
  options: TailOptions,
): Promise<number> {
  const { output } = invocation;
  const matches = filterOf(options.where, enrichments[enrichment]);
  const { brokers } = chooseParts(invocation);
  const logger = createLogger('tail', invocation.logLevel ?? 'silent');
  const settings = { brokers, clientId: `${pipeline}.tail`, logger };
  const topic = enrichedTopic(pipeline, enrichment);
  await requireTopic(settings, topic);
  using interruption = listenForInterruption(() => process.exit(130));
  output.onClosed(() => interruption.end());
  const start = options.from === undefined ? {} : { fromMs: Date.now() - options.from };
  if (output.isTerminal && !output.isJson) output.note(output.paintError.faint(`${topic}; Ctrl-C ends`));
  const noteOnce = notesOnce(output);
  for await (const { value } of follow(settings, topic, start, interruption.signal)) {
    if (value === null) continue; // a tombstone, which follows the event that says so
    const event = parseEvent(value);
    if (event === undefined) {
      noteOnce('A record is no outcome that this version knows; such ones are left out.');
      continue;
    }
    if (options.flagged === true && !(event.status === 'scored' && event.flagged === true)) continue;
    const isMatch = matches(event);
    if (isMatch === undefined)
      noteOnce('The condition of --where fails on an outcome; such ones are left out.');
    if (isMatch !== true) continue;
    if (output.isJson) output.json(event);
    else output.line(eventLine(event, output.paint));
  }
  return 0;
}

const QUOTED_MAX_CHARACTERS = 30;

function filterOf(
  where: string | undefined,
  enrichment: Definition['enrichments'][string] | undefined,
): EventFilter {
  if (where === undefined || enrichment === undefined) return () => true;
  const compiled = compileEventFilter(where, enrichment);
  if (compiled.ok) return compiled.matches;
  const { offset, message, instead } = compiled.problem;
  const quoted = harmless(where.slice(offset, offset + QUOTED_MAX_CHARACTERS));
  const place = quoted === '' ? 'at its end' : `at character ${offset + 1}, ${JSON.stringify(quoted)}`;
  const hint = instead === undefined ? '' : `; write ${instead}`;
  throw new AfterglowError(
    'usage',
    `The condition of --where is wrong ${place}: ${harmless(message)}${harmless(hint)}.`,
    {
      remedy: 'See `afterglow tail --help` for what a condition may read.',
    },
  );
}

async function requireTopic(settings: Parameters<typeof connectKafkaAdmin>[0], topic: string): Promise<void> {
  const admin = await connectKafkaAdmin(settings);
  try {
    const topics = await admin.listTopics();
    if (!topics.includes(topic)) throw new AfterglowError('topic_missing', `Topic ${topic} does not exist.`);
  } finally {
    await admin.close();
  }
}

/** What holds for one record may hold for thousands. */
function notesOnce(output: Invocation['output']): (text: string) => void {
  const noted = new Set<string>();
  return (text) => {
    if (!noted.has(text)) output.note(text);
    noted.add(text);
  };
}

/** Unknown fields are ours of a later version, and shown; what is no event at all is left out. */
function parseEvent(value: Buffer): EnrichedEvent | undefined {
  try {
    const event: unknown = JSON.parse(value.toString('utf8'));
    return enrichedEvent.safeParse(event).success ? (event as EnrichedEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Pure: one event in one line. Keys and results come from anybody's rows. */
export function eventLine(event: EnrichedEvent, paint: Painter): string {
  const at = event.enriched_at.slice(11, 23);
  const key = Object.entries(event.key)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const latencyMs = millisecondsOf(event.enriched_at) - millisecondsOf(event.source.committed_at);
  const status = paint[STATUS_COLOR[event.status]](event.status.padEnd(11));
  const facts = [paint.faint(at), status, harmless(key), harmless(details(event))];
  if (event.status === 'scored') {
    if (event.flagged === true) facts.push(paint.bad('flagged'));
    if (event.decision !== undefined) facts.push(harmless(event.decision.action));
    facts.push(paint.faint(event.cached ? 'cached' : formatLatency(Math.max(0, latencyMs))));
  }
  return facts.filter((fact) => fact !== '').join('  ');
}

const STATUS_COLOR = {
  scored: 'good',
  skipped: 'faint',
  failed: 'bad',
  over_budget: 'warning',
  deleted: 'faint',
  truncated: 'faint',
} as const satisfies Record<EnrichedEvent['status'], keyof Painter>;

const RESULT_MAX_CHARACTERS = 120;

function details(event: EnrichedEvent): string {
  switch (event.status) {
    case 'scored':
      return resultText(event.result);
    case 'skipped':
      return event.reason;
    case 'failed':
      return `${event.error.kind}: ${event.error.message}`;
    case 'over_budget':
      return `${event.limit}, again at ${event.resets_at}`;
    case 'deleted':
      return event.cause;
    case 'truncated':
      return '';
  }
}

function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return String(result);
  const text = Object.entries(result)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
  return text.length > RESULT_MAX_CHARACTERS ? `${text.slice(0, RESULT_MAX_CHARACTERS)}…` : text;
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return rounded(value);
  // Vectors tell a reader nothing; how many there are does.
  return Array.isArray(value) ? String(value.length) : JSON.stringify(value);
}

const rounded = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(4));
