import { type DeadLetter, deadLetter } from '../../../shared/contracts/events.ts';
import { millisecondsOf } from '../../../shared/contracts/instant.ts';
import { deadTopic } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { readUntil } from '../../../shared/kafka/read-until.ts';
import { type FailedRow, listFailures } from '../../../shared/side-tables/failures.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { harmless } from '../../../shared/terminal/harmless.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { failureJson, keyText } from './failure-lines.ts';
import { withFailures } from './failures-database.ts';

export async function runShow(invocation: Invocation, id: string, showsOriginal: boolean): Promise<number> {
  const { output } = invocation;
  const { failure, pipeline } = await withFailures(
    invocation,
    {},
    [id],
    async ({ client, tables, filter, definition }) => {
      const [found, another] = await listFailures(client, tables, filter, { rowsMax: 2 });
      if (found !== undefined && another === undefined) {
        return { failure: found, pipeline: definition.pipeline };
      }
      throw new AfterglowError(
        'usage',
        `${found === undefined ? 'No' : 'More than one'} failure begins with ${id}.`,
        {
          remedy: 'See `afterglow dead list`.',
        },
      );
    },
  );
  const letter = await archived(invocation, pipeline, failure);
  if (showsOriginal) output.line(originalText(letter));
  else if (output.isJson) output.json({ ...failureJson(failure), archived: letter ?? null });
  else for (const line of failureLines(failure, letter)) output.line(harmless(line));
  return 0;
}

/** The latest letter of that id: a row that fails again at the same place is archived again. */
async function archived(
  invocation: Invocation,
  pipeline: string,
  { enrichment, id, committedAt }: FailedRow,
): Promise<DeadLetter | undefined> {
  const { brokers } = chooseParts(invocation);
  const logger = createLogger('dead', invocation.logLevel ?? 'silent');
  const settings = { brokers, clientId: `${pipeline}.dead`, logger };
  let latest: DeadLetter | undefined;
  // A row fails after its commit, by clocks that may differ a little.
  const fromMs = millisecondsOf(committedAt) - CLOCKS_APART_MAX_MS;
  for await (const { value } of readUntil(settings, deadTopic(pipeline, enrichment), { fromMs })) {
    const letter = value === null ? undefined : parseLetter(value);
    if (letter?.id === id) latest = letter;
  }
  return latest;
}

const CLOCKS_APART_MAX_MS = 60_000;

function parseLetter(value: Buffer): DeadLetter | undefined {
  try {
    const read = deadLetter.safeParse(JSON.parse(value.toString('utf8')));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

function originalText(letter: DeadLetter | undefined): string {
  const value = letter?.original.value_base64;
  if (typeof value === 'string') return Buffer.from(value, 'base64').toString('utf8');
  throw new AfterglowError(
    'usage',
    letter === undefined
      ? 'The archive does not hold this failure any more.'
      : 'The change was too large for the archive, which holds its hash only.',
  );
}

function failureLines(failure: FailedRow, letter: DeadLetter | undefined): readonly string[] {
  const lines = [
    `Failure ${failure.id}`,
    `  ${failure.enrichment}, ${keyText(failure.key)}`,
    `  ${failure.kind}: ${failure.code}. ${failure.message}`,
    `  committed ${failure.committedAt}, failed ${failure.failedAt}`,
  ];
  if (letter === undefined) return [...lines, '  The archive does not hold it any more.'];
  const { error, model, original, stage } = letter;
  const { attempts, http_status, request_id } = error;
  const facts = [
    `stage ${stage}`,
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    ...(http_status === undefined ? [] : [`HTTP ${http_status}`]),
    ...(request_id === undefined ? [] : [`request ${request_id}`]),
    ...(model === undefined ? [] : [`model ${model.kind} ${model.name} ${model.version}`]),
  ];
  return [
    ...lines,
    `  ${facts.join(', ')}`,
    `  change ${original.topic} partition ${original.partition} offset ${original.offset}, ${original.bytes} bytes, SHA-256 ${original.sha256}`,
  ];
}
