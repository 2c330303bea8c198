// Loaded into a process before everything else: each SIGUSR2 moves its wall clock by the next of AFTERGLOW_TEST_CLOCK_JUMPS_MS.
// The monotonic clock goes on as it did, as on a machine whose time is set.
const Real = Date;
const jumpsMs = (process.env.AFTERGLOW_TEST_CLOCK_JUMPS_MS ?? '').split(',').map(Number);
let offsetMs = 0;

class JumpingDate extends Real {
  constructor(...given: readonly []) {
    if (given.length === 0) super(Real.now() + offsetMs);
    else super(...given);
  }

  static override now(): number {
    return Real.now() + offsetMs;
  }
}

globalThis.Date = JumpingDate as DateConstructor;

process.on('SIGUSR2', () => {
  offsetMs += jumpsMs.shift() ?? 0;
  process.stderr.write(`the clock says ${new Date().toISOString()}\n`);
});
