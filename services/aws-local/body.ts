import type { AnyRequest } from './listener.ts';

/** The whole body, or undefined when it is longer than `bytesMax`; what is too long is read to its end and dropped. */
export function readBody(request: AnyRequest, bytesMax: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      // Read on past the limit, for a client that is still sending would see a reset instead of the answer.
      else if (bytes > bytesMax * 4) request.destroy();
      else chunks.length = 0;
    });
    request.once('end', () => resolve(bytes > bytesMax ? undefined : whole(chunks, bytes)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client left while it was sending')));
  });
}

function whole(chunks: readonly Buffer[], bytes: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
}
