import { type Bend, bentPlaces, changeLength } from '../faults/bend.ts';
import type { AwsAnswer } from '../operation.ts';
import type { Rows } from './csv.ts';
import { type PayloadFormat, payloadFormat } from './payload.ts';
import type { Scorer } from './scorer.ts';

/** What the container inside an endpoint answered; anything but 2xx reaches the caller as a ModelError. */
export class ContainerError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ContainerError';
    this.status = status;
  }
}

export interface Invocation {
  readonly bytes: number;
  /** Undefined: the body is not of its format. */
  readonly rows: Rows | undefined;
  readonly contentType: string;
  readonly accept: string;
}

/** A container's own ways within what all of them share. */
export interface Container {
  readRows(invocation: Invocation): Rows;
  /** What it says of a row of a wrong width. */
  describeWidth(width: number, expected: number): string;
  /** Its own answer form where the client names none. */
  answerFormat(invocation: Invocation): PayloadFormat;
  writeScores(scores: readonly string[], format: PayloadFormat): string;
}

/** The container's own MAX_CONTENT_LENGTH, below what SageMaker itself lets through. */
export const CONTAINER_BYTES_MAX = 6_291_456;

/** Checks in the order of the real containers: size, empty body, content, width, and only then what is accepted. */
export function invokeContainer(
  container: Container,
  scorer: Scorer,
  invocation: Invocation,
  bend: Bend | undefined,
): AwsAnswer {
  if (invocation.bytes > CONTAINER_BYTES_MAX) {
    throw new ContainerError(413, 'The data value transmitted exceeds the capacity limit.');
  }
  if (invocation.bytes === 0) return { status: 204, headers: {}, body: '' };
  const rows = container.readRows(invocation);
  const width = rows.find((row) => row.length !== scorer.features)?.length;
  if (width !== undefined) {
    throw new ContainerError(400, container.describeWidth(width, scorer.features));
  }
  const straight = rows.map((row) => scorer.score(row));
  const scores = bend === undefined ? straight : bendScores(straight, rows, bend);
  const format = readAccept(container, invocation);
  // Python writes NaN into JSON as it is, which no JSON parser takes.
  const texts = scores.map((score) => (Number.isNaN(score) ? 'NaN' : String(score)));
  return answer(format === 'text/csv' ? writeCsv(texts) : container.writeScores(texts, format), format);
}

function answer(body: string, format: PayloadFormat): AwsAnswer {
  return { status: 200, headers: { 'content-type': `${format}; charset=utf-8` }, body };
}

function writeCsv(scores: readonly string[]): string {
  return scores.map((text) => `${text === 'NaN' ? 'nan' : text}\n`).join('');
}

function readAccept(container: Container, invocation: Invocation): PayloadFormat {
  const [type = ''] = invocation.accept.split(';');
  if (type.trim() === '' || type.trim() === '*/*') return container.answerFormat(invocation);
  const format = payloadFormat(type);
  if (format === undefined) throw new ContainerError(406, `Accept type ${type} is not supported.`);
  return format;
}

function bendScores(scores: readonly number[], rows: Rows, bend: Bend): readonly number[] {
  const { fault } = bend;
  if (fault.kind === 'rows') return changeLength(scores, fault.change, () => 0.5);
  if (fault.kind === 'reordered') return scores.toReversed();
  if (fault.kind !== 'not_a_number') return scores;
  const bent = bentPlaces(
    bend,
    rows,
    (row, match) => 'column' in match && row[match.column] === match.equals,
  );
  return scores.map((score, place) => (bent.has(place) ? Number.NaN : score));
}
