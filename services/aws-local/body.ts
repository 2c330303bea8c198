import type { IncomingMessage } from 'node:http';

/** The whole body, or undefined when it is longer than `bytesMax`; what is too long is read to its end and dropped. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Read on past the limit, for a client that is still sending would see a reset instead of the answer.
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else if (bytes > bytesMax * 4) request.destroy();
    else chunks.length = 0;
  }
  return bytes > bytesMax ? undefined : Buffer.concat(chunks, bytes);
}
