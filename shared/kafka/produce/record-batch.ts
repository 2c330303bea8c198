import { crc32c } from './crc32c.ts';

/** What a producer writes of itself into every batch, so that the broker drops what it has already. */
export interface ProducerIdentity {
  readonly id: bigint;
  readonly epoch: number;
}

export interface BatchRecord {
  readonly key: string | null;
  /** null is a tombstone. */
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Kafka's record batch, format 2: where its fixed fields are. */
const LENGTH_AT = 8;
const FORMAT_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_AT = 23;
const FIRST_TIME_AT = 27;
const LAST_TIME_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const FIRST_SEQUENCE_AT = 53;
const COUNT_AT = 57;
const HEADER_BYTES = 61;

const FORMAT = 2;
const FIRST_BYTES = 16_384;
const KEPT_BYTES_MAX = 1_048_576;
/** Attributes, two deltas and four lengths around a record, at their longest. */
const RECORD_OVERHEAD_BYTES_MAX = 32;

/**
 * The records of one partition in one send. Ours, because the client keeps an object per record and copies every byte
 * several times, two thirds of what publishing costs: here a record is written once, where it is sent from, and the
 * bytes are used again for the next send.
 */
export class RecordBatch {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = HEADER_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#end;
  }

  /** Memory behind it, whether filled or not. */
  get heldBytes(): number {
    return this.#bytes.length;
  }

  append({ key, value, headers }: BatchRecord): void {
    const keyBytes = key === null ? -1 : Buffer.byteLength(key);
    const valueBytes =
      value === null ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    const written = headers === undefined ? NO_HEADERS : writeHeaders(headers);
    const offset = this.#count;
    const bodyBytes =
      1 + // attributes
      1 + // delta of the time
      signedBytes(offset) +
      signedBytes(keyBytes) +
      Math.max(0, keyBytes) +
      signedBytes(valueBytes) +
      Math.max(0, valueBytes) +
      written.length;
    this.#reserve(bodyBytes + RECORD_OVERHEAD_BYTES_MAX);
    const bytes = this.#bytes;
    let at = writeSigned(bytes, this.#end, bodyBytes);
    bytes[at++] = 0;
    bytes[at++] = 0;
    at = writeSigned(bytes, at, offset);
    at = writeSigned(bytes, at, keyBytes);
    if (key !== null) at = writeText(bytes, at, key, keyBytes);
    at = writeSigned(bytes, at, valueBytes);
    if (value !== null) {
      if (typeof value === 'string') at = writeText(bytes, at, value, valueBytes);
      else at += value.copy(bytes, at);
    }
    this.#end = at + written.copy(bytes, at);
    this.#count++;
  }

  /** The whole batch; valid until `clear`. `nowMs` is the time of all its records. */
  seal({ id, epoch }: ProducerIdentity, firstSequence: number, nowMs: number): Buffer {
    const bytes = this.#bytes;
    const time = BigInt(Math.trunc(nowMs));
    bytes.writeBigInt64BE(0n, 0); // the first offset: the broker's to say
    bytes.writeInt32BE(this.#end - LENGTH_AT - 4, LENGTH_AT);
    bytes.writeInt32BE(-1, LENGTH_AT + 4); // epoch of the partition's leader: the broker's too
    bytes.writeInt8(FORMAT, FORMAT_AT);
    bytes.writeInt16BE(0, ATTRIBUTES_AT); // not compressed, no transaction
    bytes.writeInt32BE(this.#count - 1, LAST_OFFSET_AT);
    bytes.writeBigInt64BE(time, FIRST_TIME_AT);
    bytes.writeBigInt64BE(time, LAST_TIME_AT);
    bytes.writeBigInt64BE(id, PRODUCER_ID_AT);
    bytes.writeInt16BE(epoch, PRODUCER_EPOCH_AT);
    bytes.writeInt32BE(firstSequence, FIRST_SEQUENCE_AT);
    bytes.writeInt32BE(this.#count, COUNT_AT);
    bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, this.#end), CRC_AT);
    return bytes.subarray(0, this.#end);
  }

  clear(): void {
    // One huge row must not hold its memory for ever.
    if (this.#bytes.length > KEPT_BYTES_MAX) this.giveBack();
    this.#end = HEADER_BYTES;
    this.#count = 0;
  }

  /** Only while it is empty. */
  giveBack(): void {
    if (this.#bytes.length > FIRST_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #reserve(more: number): void {
    const wanted = this.#end + more;
    if (wanted <= this.#bytes.length) return;
    let length = this.#bytes.length;
    while (length < wanted) length *= 2;
    const grown = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }
}

const NO_HEADERS = Buffer.of(0);
/** Headers are written here while their length is not known, and copied at once. */
let headerBytes = Buffer.allocUnsafeSlow(4_096);

/** Valid until the next call. */
function writeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  const bytesMax = entries.reduce((sum, [name, value]) => sum + 10 + 3 * (name.length + value.length), 5);
  if (bytesMax > headerBytes.length) headerBytes = Buffer.allocUnsafeSlow(bytesMax);
  const bytes = headerBytes;
  let at = writeSigned(bytes, 0, entries.length);
  for (const [name, value] of entries) {
    for (const text of [name, value]) {
      const length = Buffer.byteLength(text);
      at = writeText(bytes, writeSigned(bytes, at, length), text, length);
    }
  }
  return bytes.subarray(0, at);
}

function writeText(bytes: Buffer, at: number, text: string, length: number): number {
  // As many bytes as characters: they are all ASCII, and this is the faster way in.
  return at + bytes.write(text, at, length, length === text.length ? 'latin1' : 'utf8');
}

/** Zigzag, then seven bits a byte, the lowest first. Lengths and counts only: -1 and what fits into 30 bits. */
function writeSigned(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value < 0 ? 1 : value * 2;
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function signedBytes(value: number): number {
  if (value < 64) return 1;
  if (value < 8_192) return 2;
  if (value < 1_048_576) return 3;
  return value < 134_217_728 ? 4 : 5;
}
