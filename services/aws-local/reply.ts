import type { ServerResponse } from 'node:http';
import type { Strike } from './faults/engine.ts';
import type { AwsAnswer } from './operation.ts';

/** Writes an answer, or as much of it as the fault lets through. Returns the bytes of a complete one. */
export function reply(
  response: ServerResponse,
  answer: AwsAnswer,
  requestId: string,
  strike: Strike | undefined,
): number | undefined {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body;
  const broken = strike?.kind === 'cut' || strike?.kind === 'stall' ? strike : undefined;
  if (broken?.place === 'before_answer') {
    if (broken.kind === 'cut') response.destroy();
    return undefined; // stalled: held until the client or the server gives up
  }
  response.writeHead(answer.status, {
    ...answer.headers,
    'x-amzn-requestid': requestId,
    ...(answer.status === 204 ? {} : { 'content-length': body.length }),
  });
  if (broken === undefined) {
    response.end(body);
    return body.length;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    if (broken.kind === 'cut') response.destroy();
  });
  return undefined;
}
