import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { type RedoJob, readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { Invocation } from '../invocation.ts';
import { listenForInterruption } from '../up/interruption.ts';
import { LiveScreen } from '../view/live-screen.ts';
import { jobJson, progressLine } from './job-lines.ts';

const LOOK_INTERVAL_MS = 500;
/** Without a terminal the progress is told this often. */
const TOLD_EVERY_MS = 5_000;
/** A reader takes a job up within a second. */
const TAKEN_UP_MAX_MS = 5_000;
const FAILED = 1;

/** Shows how the job goes on until it ends or somebody presses Ctrl-C, which does not end the job. */
export async function followJob(
  invocation: Invocation,
  client: DatabaseClient,
  job: string,
): Promise<number> {
  const { output } = invocation;
  using interruption = listenForInterruption(() => process.exit(130));
  output.onClosed(() => interruption.end());
  using view = new JobView(invocation);
  const beganAtMs = performance.now();
  let isMissed = false;
  do {
    const found = await readRedoJob(client, job);
    // Only the first load of an empty table leaves nothing behind.
    if (found === undefined) return 0;
    if (found.finishedAt !== null) {
      view.end(found);
      return found.state === 'done' ? 0 : FAILED;
    }
    view.show(found);
    const isTakenUp = found.state !== 'waiting' || found.waitsFor !== null;
    if (!isTakenUp && performance.now() - beganAtMs > TAKEN_UP_MAX_MS && !isMissed) {
      isMissed = true;
      output.note('No reader has taken it up yet: is one running? See `afterglow status`.');
    }
  } while (await pause(LOOK_INTERVAL_MS, interruption.signal));
  output.note(
    `The job goes on. \`afterglow backfill list\` shows it, \`afterglow backfill cancel ${job}\` ends it.`,
  );
  return 0;
}

/** One line: redrawn on a terminal, else now and then. */
class JobView implements Disposable {
  readonly #output: Invocation['output'];
  readonly #screen: LiveScreen | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #told = '';

  constructor({ output }: Invocation) {
    this.#output = output;
    this.#screen = output.isTerminal && !output.isJson ? new LiveScreen(output.terminal) : undefined;
  }

  show(job: RedoJob): void {
    const line = progressLine(job);
    if (this.#screen !== undefined) {
      this.#screen.draw([line]);
      return;
    }
    if (line === this.#told || performance.now() - this.#toldAtMs < TOLD_EVERY_MS) return;
    this.#told = line;
    this.#toldAtMs = performance.now();
    this.#tell('progress', job);
  }

  end(job: RedoJob): void {
    this.#screen?.draw([]);
    this.#tell('finished', job);
  }

  [Symbol.dispose](): void {
    this.#screen?.[Symbol.dispose]();
  }

  #tell(event: 'progress' | 'finished', job: RedoJob): void {
    if (this.#output.isJson) this.#output.json({ event, ...jobJson(job) });
    else {
      const failure = job.failure === null ? '' : ` (${job.failure})`;
      this.#output.line(`${progressLine(job)}${failure}`);
    }
  }
}
