// Commands of ours on a pipeline, as a person gives them.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runProgram } from '../../services/cli/program.ts';
import type { TestPipeline } from './pipeline.ts';
import { projectFolder } from './project-folder.ts';

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly error: string;
  /** What `out` is the text of. */
  readonly bytes: Buffer;
}

export interface CommandLine extends AsyncDisposable {
  run(...words: readonly string[]): Promise<Said>;
}

/** `edit` is what the pipeline was made with. */
export async function commandLine(
  { definition, environment }: TestPipeline,
  edit: (text: string) => string = (text) => text,
): Promise<CommandLine> {
  const project = projectFolder();
  const text = await readFile('afterglow.yaml', 'utf8');
  writeFileSync(
    join(project.path, 'afterglow.yaml'),
    edit(text.replace('pipeline: afterglow', `pipeline: ${definition.pipeline}`)),
  );
  return {
    async run(...words) {
      const out: Buffer[] = [];
      const error: Buffer[] = [];
      const into = (said: Buffer[]): Writable =>
        new Writable({
          write: (chunk: Buffer, _encoding, done) => {
            said.push(chunk);
            done();
          },
        });
      const status = await runProgram(words, {
        environment: { ...environment, NO_COLOR: '1' },
        folder: project.path,
        standardOutput: into(out),
        standardError: into(error),
      });
      const bytes = Buffer.concat(out);
      return { status, out: bytes.toString(), error: Buffer.concat(error).toString(), bytes };
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}
