// docs/add-a-model.md holds a whole model kind: it is put together as a reader would, and has to work.
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelKind } from '../config/model-kinds/model-kind.ts';
import type { Model } from './model.ts';

const SIGNAL = new AbortController().signal;
const FILES = ['config', 'limits', 'price', 'input', 'request', 'response', 'model'] as const;
const BLOCK = /`shared\/models\/lambda\/(\w+)\.ts`[^\n]*\n\n```ts\n(.*?)\n```/gs;

interface Invoking {
  invoke(name: string, payload: string, signal: AbortSignal): Promise<string>;
}
type Create = (config: object, client: Invoking, options: { readonly outputs: readonly string[] }) => Model;

test('the kind of the exercise is complete, and keeps the port', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'afterglow-'));
  const page = await readFile(new URL('../../docs/add-a-model.md', import.meta.url), 'utf8');
  const blocks = new Map(Array.from(page.matchAll(BLOCK), ([, name = '', code = '']) => [name, code]));
  expect([...blocks.keys()].toSorted()).toEqual([...FILES].toSorted());
  for (const [name, code] of blocks) await writeFile(join(folder.path, `${name}.ts`), asIfHere(code));

  const { lambda } = (await import(join(folder.path, 'config.ts'))) as { lambda: ModelKind };
  const config = lambda.schema.parse({ kind: 'lambda', function: 'score', version: '1', call_nano_usd: 200 });
  const { createLambdaModel } = (await import(join(folder.path, 'model.ts'))) as {
    createLambdaModel: Create;
  };
  let answer = (rows: readonly { key: number; features: number[] }[]): unknown =>
    rows.toReversed().map(({ key, features: [first] }) => ({ key, score: first }));
  const client = {
    invoke: async (_name: string, payload: string) => JSON.stringify(answer(JSON.parse(payload))),
  };
  const model = createLambdaModel(config, client, { outputs: ['score'] });
  const items = [0.1, Number.NaN, 0.3].map((input) => ({ input: [input, 1] }));

  expect(await model.call(items, SIGNAL)).toMatchObject([
    { kind: 'ok', result: { score: 0.1 }, costNanoUsd: 100 },
    { kind: 'rejected', fault: { kind: 'input' } },
    { kind: 'ok', result: { score: 0.3 }, costNanoUsd: 100 },
  ]);
  answer = () => [{ key: 1, score: 0.3 }];
  expect(await model.call(items, SIGNAL)).toMatchObject([
    { kind: 'rejected', fault: { kind: 'contract', code: 'missing_key' } },
    {},
    { kind: 'ok', result: { score: 0.3 } },
  ]);
  answer = () => [{ key: 7, score: 0.3 }];
  await expect(model.call(items, SIGNAL)).rejects.toMatchObject({ kind: 'contract', code: 'key' });
});

/** Its imports mean what they would mean in a folder beside the other kinds. */
function asIfHere(code: string): string {
  return code.replaceAll(/from '(\.\.\/[^']+|zod)'/g, (_, target: string) => {
    const url =
      target === 'zod'
        ? import.meta.resolve(target)
        : new URL(target, new URL('./lambda/', import.meta.url)).href;
    return `from '${url}'`;
  });
}
