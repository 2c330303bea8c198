/** What several variants share: started by whoever needs it first. */
export interface OnDemand<Part> {
  get(): Promise<Part>;
  /** Nothing to stop when nobody needed it. */
  end(stop: (part: Part) => Promise<void>): Promise<void>;
}

export function onDemand<Part>(start: () => Promise<Part>): OnDemand<Part> {
  let started: Promise<Part> | undefined;
  return {
    get: () => {
      started ??= start();
      return started;
    },
    end: async (stop) => {
      if (started !== undefined) await stop(await started);
    },
  };
}
