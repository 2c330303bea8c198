import { setTimeout as later } from 'node:timers/promises';
import type { Strike } from './faults/strike.ts';
import { type AnyResponse, cut, hasLeft } from './listener.ts';
import type { AwsAnswer } from './operation.ts';

const NOTHING = Buffer.alloc(0);

/** What answers of both protocols have, written so that one call fits both. */
interface Writer {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  write(bytes: Buffer, written?: () => void): unknown;
  end(bytes: Buffer): unknown;
}

/** A body that drips comes in this many pieces. */
const DRIPS = 20;

/** Writes an answer, or as much of it as the fault lets through. Returns the bytes of a complete one. */
export async function reply(
  response: AnyResponse,
  answer: AwsAnswer,
  requestId: string,
  strike: Strike | undefined,
): Promise<number | undefined> {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body;
  const broken = strike?.kind === 'cut' || strike?.kind === 'stall' ? strike : undefined;
  if (broken?.place === 'before_answer') {
    if (broken.kind === 'cut') cut(response);
    return undefined; // stalled: held until the client or the server gives up
  }
  const writer: Writer = response;
  writer.writeHead(answer.status, {
    ...answer.headers,
    'x-amzn-requestid': requestId,
    ...(answer.status === 204 ? {} : { 'content-length': body.length }),
  });
  if (broken !== undefined) {
    writer.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      if (broken.kind === 'cut') cut(response);
    });
    return undefined;
  }
  if (strike?.kind !== 'drip') writer.end(body);
  else if (await drip(response, body, strike.duration_ms)) writer.end(NOTHING);
  else return undefined;
  return body.length;
}

/** False when the client left before the last piece. */
async function drip(response: AnyResponse, body: Buffer, durationMs: number): Promise<boolean> {
  const writer: Writer = response;
  const bytes = Math.max(Math.ceil(body.length / DRIPS), 1);
  for (let start = 0; start < body.length; start += bytes) {
    await later(durationMs / DRIPS);
    if (hasLeft(response)) return false;
    writer.write(body.subarray(start, start + bytes));
  }
  return true;
}
