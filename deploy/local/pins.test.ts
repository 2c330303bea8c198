import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fetchedBytes } from './kafka-jars.ts';
import { KAFKA, kafkaJarChecksums, POSTGRES_PACKAGE, parseChecksums } from './pins.ts';
import { wheelFor } from './postgres-binaries.ts';

test('pom.xml names the pinned Kafka, and its jars are all in the list', () => {
  const pom = readFileSync(new URL('pom.xml', import.meta.url), 'utf8');
  expect(pom).toContain(`<version>${KAFKA.version}</version>`);
  const checksums = kafkaJarChecksums();
  expect(checksums.size).toBe(KAFKA.jars);
  expect(checksums.has(`kafka_2.13-${KAFKA.version}.jar`)).toBe(true);
  expect(checksums.has(`kafka-clients-${KAFKA.version}.jar`)).toBe(true);
});

test('there is one wheel for each processor', () => {
  expect(wheelFor('linux', 'x64').platform).toMatch(/_x86_64$/);
  expect(wheelFor('linux', 'arm64').platform).toMatch(/_aarch64$/);
  for (const { file, sha256, platform } of Object.values(POSTGRES_PACKAGE.wheels)) {
    expect(file).toContain(`-${POSTGRES_PACKAGE.version}-`);
    expect(file).toContain(platform);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});

test.each([
  ['darwin', 'arm64'],
  ['linux', 's390x'],
])('%s on %s is told what to do instead', (platform, architecture) => {
  expect(() => wheelFor(platform, architecture)).toThrow(
    expect.objectContaining({
      code: 'platform_unsupported',
      remedy: expect.stringContaining('DATABASE_URL'),
    }),
  );
});

test('a line that is not a checksum is refused', () => {
  expect(() => parseChecksums('abc  a.jar\n')).toThrow('not a checksum line');
});

test.each([
  [
    'Downloaded from mirror: https://host.example/maven2/a/re2j/1.8/re2j-1.8.jar (128 kB at 2.1 MB/s)',
    128_000,
  ],
  [
    'Downloaded from mirror: https://host.example/maven2/a/re2j/1.8/re2j-1.8.jar (6.2 MB at 2.1 MB/s)',
    6_200_000,
  ],
  [
    'Downloaded from mirror: https://host.example/maven2/a/re2j/1.8/re2j-1.8.pom (2.1 kB at 2 kB/s)',
    undefined,
  ],
  ['[INFO] Copying re2j-1.8.jar to somewhere', undefined],
])('of what Maven says, the jars count: %s', (line, bytes) => {
  expect(fetchedBytes(line, ['re2j-1.8.jar'])).toBe(bytes);
});
