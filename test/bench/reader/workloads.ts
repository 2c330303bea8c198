import { type Parts, startParts } from './parts.ts';
import { createWorkload, type Load, type Workload } from './workload.ts';

/** Started by whoever needs them first. */
export class Workloads {
  readonly #rows: number;
  readonly #workloads = new Map<Load, Promise<Workload>>();
  #parts: Promise<Parts> | undefined;

  constructor(rows: number) {
    this.#rows = rows;
  }

  parts(): Promise<Parts> {
    this.#parts ??= startParts();
    return this.#parts;
  }

  /** Each behind its own slot; what is written later into another database is no row of its own. */
  async of(load: Load): Promise<Workload> {
    const known = this.#workloads.get(load) ?? createWorkload(await this.parts(), load, this.#rows);
    this.#workloads.set(load, known);
    return await known;
  }

  async end(): Promise<void> {
    for (const workload of this.#workloads.values()) await (await workload).client.end();
    await (await this.#parts)?.end();
  }
}
