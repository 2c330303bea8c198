import { expect, test } from 'vitest';
import { gistOf } from './commands.ts';
import { parseJavaVersion } from './java.ts';
import { formatProperties, kafkaProperties } from './kafka-properties.ts';
import { logGist } from './log-file.ts';

// What is made of the words of other programs, and what they are told.

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['openjdk version "25-ea" 2025-09-16', 25],
  ['no such thing', undefined],
])('%s', (output, version) => {
  expect(parseJavaVersion(output)).toBe(version);
});

test.each([
  [
    'pip',
    'WARNING: Retrying\nERROR: Could not find a version that satisfies the requirement x==1.\nERROR: No matching one',
    'Could not find a version that satisfies the requirement x==1',
  ],
  [
    'Maven',
    '[INFO] BUILD FAILURE\n[ERROR] Failed to execute goal: Could not transfer artifact -> [Help 1]\n[ERROR] Re-run',
    'Failed to execute goal: Could not transfer artifact',
  ],
  ['initdb', 'creating\ninitdb: error: could not write\n', 'initdb: error: could not write'],
  ['a silent one', '', 'it ended with status 1'],
])('the gist of %s', (_, output, gist) => {
  expect(gistOf({ status: 1, output })).toBe(gist);
});

test('the gist of a log is its errors, without stack traces', () => {
  const log =
    'LOG: starting\nFATAL:  could not bind.\n\tat Some.java:1\nHINT:  Is another one running?\nLOG: down\n';
  expect(logGist(log)).toBe('FATAL:  could not bind; HINT:  Is another one running?');
  expect(logGist('one\ntwo\n')).toBe('one; two');
  expect(logGist('')).toBe('it wrote nothing');
});

test('a folder with any name survives the properties file', () => {
  const properties = kafkaProperties({ port: 1, controllerPort: 2, folder: '/home/Zoë\\x' });
  expect(formatProperties(properties)).toContain('log.dirs=/home/Zo\\u00eb\\\\x/log\n');
});

test('Kafka listens on the loopback address only', () => {
  const text = formatProperties(kafkaProperties({ port: 1, controllerPort: 2, folder: '/data' }));
  for (const [, address] of text.matchAll(/:\/\/([^:]+):/g)) expect(address).toBe('127.0.0.1');
});
