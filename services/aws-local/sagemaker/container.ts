import type { AwsAnswer, Bend } from '../operation.ts';
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
  if (invocation.bytes === 0 || bend?.kind === 'empty') return { status: 204, headers: {}, body: '' };
  const rows = container.readRows(invocation);
  const width = rows.find((row) => row.length !== scorer.features)?.length;
  if (width !== undefined) {
    throw new ContainerError(400, container.describeWidth(width, scorer.features));
  }
  const scores = bendScores(
    rows.map((row) => scorer.score(row)),
    bend,
  );
  const format = readAccept(container, invocation);
  if (bend?.kind === 'malformed') return answer('<html>not what was asked for', format);
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

function bendScores(scores: readonly number[], bend: Bend | undefined): readonly number[] {
  if (bend?.kind === 'not_a_number') return scores.with(-1, Number.NaN);
  if (bend?.kind !== 'rows') return scores;
  const change = bend.change ?? -1;
  if (change < 0) return scores.slice(0, change);
  return [...scores, ...Array.from({ length: change }, () => 0.5)];
}
