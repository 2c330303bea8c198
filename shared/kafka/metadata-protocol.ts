// Kafka's Metadata request, version 11: the first that is like all later ones and tells the ids of topics (Kafka 2.8).

export const METADATA = { apiKey: 3, apiVersion: 11, apiName: 'Metadata' } as const;

const NO_TAGS = Buffer.from([0]);
const NO_ID = Buffer.alloc(16);
/** Neither creates topics nor asks what may be done with them. */
const TAIL = Buffer.from([0, 0, 0]);

/** With the end of the request's head, which newer versions have and the client does not write. */
export function metadataRequest(topics: readonly string[]): Buffer {
  const named = topics.map((topic) => {
    const name = Buffer.from(topic);
    return Buffer.concat([NO_ID, varint(name.length + 1), name, NO_TAGS]);
  });
  return Buffer.concat([NO_TAGS, varint(topics.length + 1), ...named, TAIL]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  return Buffer.from([...bytes, left]);
}

export interface AnsweredTopics {
  /** Of each topic that has one. */
  readonly ids: ReadonlyMap<string, string>;
  /** Topics that the broker answers for with an error: it has not heard of them, or not yet. */
  readonly unheard: readonly string[];
}

/** Throws a RangeError when the answer ends in its middle. */
export function parseTopicIds(answer: Buffer): AnsweredTopics {
  const from = new Reader(answer);
  from.tags();
  from.skip(4); // throttled for so long
  from.array(() => {
    from.skip(4); // node
    from.text();
    from.skip(4); // port
    from.text(); // rack
    from.tags();
  });
  from.text(); // cluster
  from.skip(4); // controller
  const ids = new Map<string, string>();
  const unheard: string[] = [];
  from.array(() => {
    const errorCode = from.bytes(2).readInt16BE(0);
    const name = from.text();
    const id = from.bytes(16);
    from.skip(1); // internal
    from.array(() => {
      from.skip(2 + 4 + 4 + 4); // error, index, leader, its epoch
      for (let lists = 0; lists < 3; lists += 1) from.array(() => from.skip(4));
      from.tags();
    });
    from.skip(4); // operations
    from.tags();
    if (name === null) return;
    if (errorCode !== 0) unheard.push(name);
    else if (!id.equals(NO_ID)) ids.set(name, id.toString('hex'));
  });
  return { ids, unheard };
}

/** The compact forms: lengths are one more than they are, 0 is none. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    this.bytes(count);
  }

  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RangeError('the answer ends in its middle');
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  text(): string | null {
    const length = this.#varint() - 1;
    return length < 0 ? null : this.bytes(length).toString('utf8');
  }

  array(each: () => void): void {
    for (let left = this.#varint() - 1; left > 0; left -= 1) each();
  }

  tags(): void {
    for (let left = this.#varint(); left > 0; left -= 1) {
      this.#varint();
      this.skip(this.#varint());
    }
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.bytes(1).readUInt8(0);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('the answer holds a number that is too long');
  }
}
