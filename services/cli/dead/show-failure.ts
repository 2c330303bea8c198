import type { Definition } from '../../../shared/config/definition.ts';
import type { DeadLetter } from '../../../shared/contracts/events.ts';
import { millisecondsOf } from '../../../shared/contracts/instant.ts';
import { counterpartOf } from '../../../shared/contracts/shadow.ts';
import { deadCaptureTopic, deadTopic } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type FailedRow, listFailures } from '../../../shared/side-tables/failures.ts';
import { harmless, harmlessLine } from '../../../shared/terminal/harmless.ts';
import type { Invocation } from '../invocation.ts';
import { archivedLetters, type CaptureLetter } from './capture-letters.ts';
import { changeText, type Failure, failureJson, isLetter, keyText } from './failure-lines.ts';
import { type Failures, withFailures } from './failures-database.ts';
import { redoOf } from './redo-of-changes.ts';

export async function runShow(invocation: Invocation, id: string, showsOriginal: boolean): Promise<number> {
  const { output } = invocation;
  return await withFailures(invocation, {}, [id], async (failures) => {
    const failure = await only(failures, id);
    const { definition } = failures;
    const letter = await archived(invocation, definition, failure);
    if (showsOriginal) writeOriginal(invocation, failure, letter);
    else if (output.isJson) output.json({ ...failureJson(failure), archived: letter ?? null });
    else {
      const lines = isLetter(failure)
        ? [...changeLines(failure, letter), `  ${redoOf(definition, failure).remedy}`]
        : rowLines(failure, letter);
      for (const line of lines) output.line(harmless(line));
    }
    return 0;
  });
}

async function only({ client, tables, filter, letters }: Failures, id: string): Promise<Failure> {
  const rows = await listFailures(client, tables, filter, { rowsMax: 2 });
  const [found, another] = [...rows, ...letters];
  if (found !== undefined && another === undefined) return found;
  throw new AfterglowError(
    'usage',
    `${found === undefined ? 'No' : 'More than one'} failure begins with ${id}.`,
    { remedy: 'See `afterglow dead list`.' },
  );
}

/** The latest letter of that id: what fails again at the same place is archived again. */
async function archived(
  invocation: Invocation,
  definition: Definition,
  failure: Failure,
): Promise<DeadLetter | undefined> {
  const happenedAt = isLetter(failure) ? failure.failedAt : failure.committedAt;
  // A row fails after its commit, by clocks that may differ a little.
  const fromMs = millisecondsOf(happenedAt) - CLOCKS_APART_MAX_MS;
  for (const topic of archivesOf(definition, failure)) {
    let latest: DeadLetter | undefined;
    for await (const letter of archivedLetters(invocation, topic, fromMs)) {
      if (letter.id === failure.id) latest = letter;
    }
    if (latest !== undefined) return latest;
  }
  return undefined;
}

/** What failed before a cut-over is in the archive that its model had then. */
function archivesOf({ pipeline, enrichments }: Definition, failure: Failure): readonly string[] {
  if (isLetter(failure)) return [deadCaptureTopic(pipeline)];
  const { enrichment } = failure;
  return [enrichment, counterpartOf(enrichment)]
    .filter((name) => name === enrichment || name in enrichments)
    .map((name) => deadTopic(pipeline, name));
}

const CLOCKS_APART_MAX_MS = 60_000;

/** The change byte for byte as it came. */
function writeOriginal({ output }: Invocation, failure: Failure, letter: DeadLetter | undefined): void {
  const value = letter?.original.value_base64;
  if (typeof value !== 'string') {
    throw new AfterglowError(
      'usage',
      letter === undefined
        ? 'The archive does not hold this failure any more.'
        : 'The change was too large for the archive, which holds its hash only.',
    );
  }
  if (!output.isTerminal) output.write(Buffer.from(value, 'base64'));
  else if (!isLetter(failure)) output.line(harmlessLine(Buffer.from(value, 'base64').toString('utf8')));
  else {
    throw new AfterglowError('usage', 'A message of the replication protocol is no text for a terminal.', {
      remedy: `Send it elsewhere: npx afterglow dead show ${failure.id.slice(0, 12)} --original | hexdump -C`,
    });
  }
}

const archiveHasForgotten = '  The archive does not hold it any more.';
const bytesText = ({ original }: DeadLetter): string => `${original.bytes} bytes, SHA-256 ${original.sha256}`;

function changeLines(change: CaptureLetter, letter: DeadLetter | undefined): readonly string[] {
  const lines = [
    `Failure ${change.id}`,
    `  a change of ${changeText(change)}, which the reader could not decode`,
    `  ${change.kind}: ${change.code}. ${change.message}`,
    `  commit ${change.commitLsn}, failed ${change.failedAt}`,
  ];
  if (letter === undefined) return [...lines, archiveHasForgotten];
  return [...lines, `  message of the replication protocol, ${bytesText(letter)}`];
}

function rowLines(failure: FailedRow, letter: DeadLetter | undefined): readonly string[] {
  const lines = [
    `Failure ${failure.id}`,
    `  ${failure.enrichment}, ${keyText(failure.key)}`,
    `  ${failure.kind}: ${failure.code}. ${failure.message}`,
    `  committed ${failure.committedAt}, failed ${failure.failedAt}`,
  ];
  if (letter === undefined) return [...lines, archiveHasForgotten];
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
    `  change ${original.topic} partition ${original.partition} offset ${original.offset}, ${bytesText(letter)}`,
  ];
}
