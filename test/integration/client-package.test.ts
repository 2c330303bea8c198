// The client as another team has it: packed, installed, type-checked and run without anything of this repository around it.
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { recordOf } from '../../shared/client/records.test-support.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';

const run = promisify(execFile);
/** What the package declares and the client needs; installing it again would ask a registry. */
const NEEDED = ['kafkajs', 'pino', 'pino-pretty', 'zod', '@types'];

const PROGRAM = `
import { type Change, readEnriched } from 'afterglow/client';

interface Scores { readonly score: number }
const [, , brokers = '', pipeline = ''] = process.argv;
const options = { brokers: [brokers], pipeline, enrichment: 'fraud', read: 'present' } as const;
for await (const change of readEnriched<Scores>(options)) process.stdout.write(sentence(change));

function sentence(change: Change<Scores>): string {
  if (change.kind !== 'outcome') return change.kind;
  return change.event.status === 'scored' ? \`\${change.keyText} \${change.event.result.score.toFixed(1)}\` : change.event.status;
}
`;

/** The example of the page, among what it takes for granted. */
function pageProgram(): string {
  const [shown = ''] = /(?<=```ts\n)[\s\S]*?(?=```)/.exec(readFileSync('docs/topics.md', 'utf8')) ?? [];
  return `${shown}
import type { Fence, RowKey } from 'afterglow/client';
declare function emptyOlderThan(fence: Fence): Promise<void>;
declare function remove(key: RowKey): Promise<void>;
declare function store(key: RowKey, score: number | null, fence: Fence): Promise<void>;
`;
}

async function installed(): Promise<{ readonly folder: string } & Disposable> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'afterglow-client-')));
  // The project's own setting keeps scripts of dependencies from running; packing needs ours.
  await run('npm', ['pack', '--silent', '--ignore-scripts=false', '--pack-destination', folder]);
  const [tarball = ''] = readdirSync(folder);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'afterglow'), { recursive: true });
  await run('tar', ['-xzf', join(folder, tarball), '-C', join(modules, 'afterglow'), '--strip-components=1']);
  for (const name of NEEDED) symlinkSync(join(process.cwd(), 'node_modules', name), join(modules, name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

test('the packed client is typed, and reads a topic where there is nothing else of us', {
  timeout: 600_000,
}, async () => {
  using project = await installed();
  const { folder } = project;
  writeFileSync(join(folder, 'consumer.ts'), PROGRAM);
  writeFileSync(join(folder, 'page.ts'), pageProgram());
  const compiler = join(process.cwd(), 'node_modules/typescript/bin/tsc');
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
    '--outDir',
    'out',
  ];
  await run(process.execPath, [compiler, ...options, 'consumer.ts', 'page.ts'], { cwd: folder }).catch(
    (error) => {
      throw new Error(String(error.stdout));
    },
  );

  const pipeline = uniquePipelineName();
  const topic = enrichedTopic(pipeline, 'fraud');
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(kafka);
  await admin.createTopics([{ topic, partitions: 1, settings: {} }]);
  {
    await using producer = await connectProducer(kafka);
    const { key, value } = recordOf({ key: 'a', at: 7, status: 'scored' });
    await producer.send([{ topic, partition: 0, key: String(key), value: String(value) }]);
  }
  // Ours, and the one that is found here: others have theirs.
  for (const node of [process.execPath, 'node']) {
    const { stdout } = await run(node, ['out/consumer.js', brokers(), pipeline], { cwd: folder });
    expect(stdout, node).toBe('{"id":"a"} 7.0');
  }
  await admin.deleteTopics([topic]);
  await admin.close();
});
