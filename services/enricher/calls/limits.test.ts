import { describe, expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import { Breaker } from './breaker.ts';
import { AdaptiveConcurrency } from './concurrency.ts';
import { CallRate } from './rate.ts';
import { REJECTIONS_HELD_MAX, RejectionGuard, type Verdict } from './rejections.ts';
import { Availability, Suspicion } from './suspicion.ts';

describe('adaptive concurrency', () => {
  test('grows by one a round trip while all of it is used, up to its bound, and not while it is idle', () => {
    const concurrency = new AdaptiveConcurrency(6);
    concurrency.answered(1);
    expect(concurrency.limit).toBe(4);
    for (let answers = 0; answers < 4; answers++) concurrency.answered(4);
    expect(concurrency.limit).toBe(5);
    for (let answers = 0; answers < 100; answers++) concurrency.answered(6);
    expect(concurrency.limit).toBe(6);
  });

  test('shrinks once for a burst of refusals, again for calls that went out later, and never to nothing', () => {
    const concurrency = new AdaptiveConcurrency(10);
    for (let answers = 0; answers < 200; answers++) concurrency.answered(10);
    for (let refusals = 0; refusals < 10; refusals++) concurrency.overloaded(0, 100);
    expect(concurrency.limit).toBe(7);
    for (let round = 1; round < 50; round++) concurrency.overloaded(round * 100, round * 100);
    expect(concurrency.limit).toBe(1);
  });
});

describe('the rate', () => {
  test('lets out what the quota allows over any second, and a little more at once after a pause', () => {
    const rate = new CallRate(50);
    let out = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs++) {
      while (rate.waitMs(nowMs) === 0) {
        rate.take();
        out++;
      }
    }
    expect(out).toBeGreaterThanOrEqual(499);
    expect(out).toBeLessThanOrEqual(505);
  });

  test('of several processes is shared by their partitions', () => {
    const shares = [1 / 6, 2 / 6, 3 / 6];
    let out = 0;
    for (const share of shares) {
      const rate = new CallRate(10);
      rate.setShare(share, 0);
      for (let nowMs = 0; nowMs < 30_000; nowMs++) {
        if (rate.waitMs(nowMs) > 0) continue;
        rate.take();
        out++;
      }
    }
    expect(out).toBeGreaterThanOrEqual(295);
    expect(out).toBeLessThanOrEqual(304);
  });

  test('says when the next call may go; without a quota always now, without partitions never', () => {
    const rate = new CallRate(10);
    rate.take();
    expect(rate.waitMs(0)).toBe(0);
    rate.take();
    expect(rate.waitMs(0)).toBeCloseTo(100);
    expect(rate.waitMs(60)).toBeCloseTo(40);
    const free = new CallRate(undefined);
    for (let calls = 0; calls < 1_000; calls++) free.take();
    expect(free.waitMs(1)).toBe(0);
    rate.setShare(0, 60);
    expect(rate.waitMs(100_000)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the breaker', () => {
  const away = new Fault('unavailable', 'ServiceUnavailable', 'away');
  const denied = new Fault('set_up', 'AccessDeniedException', 'denied');

  test('opens for a growing while, lets one canary ask, and closes with the first answer', () => {
    const breaker = new Breaker(() => 1);
    breaker.failed(away, false, 0);
    breaker.failed(away, false, 5); // was under way when it opened
    expect([0, 99, 100].map((nowMs) => breaker.state(nowMs))).toEqual(['open', 'open', 'due']);
    breaker.canaryLeft();
    expect(breaker.state(100)).toBe('asking');
    breaker.failed(away, true, 100);
    expect([299, 300].map((nowMs) => breaker.state(nowMs))).toEqual(['open', 'due']);
    for (let failures = 0; failures < 20; failures++) breaker.failed(away, true, 1_000);
    expect([5_999, 6_000].map((nowMs) => breaker.state(nowMs))).toEqual(['open', 'due']);
    breaker.succeeded();
    expect(breaker.state(6_000)).toBe('closed');
  });

  test('asks a model that is not set up once soon, then every minute', () => {
    const breaker = new Breaker(() => 1);
    breaker.failed(away, false, 0);
    breaker.failed(denied, false, 0);
    expect([999, 1_000].map((nowMs) => breaker.state(nowMs))).toEqual(['open', 'due']);
    breaker.failed(denied, true, 1_000);
    expect([60_999, 61_000].map((nowMs) => breaker.state(nowMs))).toEqual(['open', 'due']);
    expect(breaker.fault).toBe(denied);
  });

  test('a canary that was not sent is due again', () => {
    const breaker = new Breaker(() => 0);
    breaker.failed(away, false, 0);
    breaker.canaryLeft();
    breaker.canaryLost();
    expect(breaker.state(0)).toBe('due');
  });
});

describe('the guard of refusals', () => {
  const held = (guard: RejectionGuard, count: number) => {
    const verdicts: (Verdict | undefined)[] = [];
    for (let place = 0; place < count; place++) {
      void guard.rejected(0).then((verdict) => {
        verdicts[place] = verdict;
      });
    }
    return verdicts;
  };

  test('holds refusals until something is accepted: then they are final', async () => {
    const guard = new RejectionGuard();
    const verdicts = held(guard, REJECTIONS_HELD_MAX - 1);
    await Promise.resolve();
    expect(verdicts).toEqual([]);
    guard.accepted(guard.begin());
    await Promise.resolve();
    await Promise.resolve();
    expect(verdicts).toEqual(Array(REJECTIONS_HELD_MAX - 1).fill('final'));
    expect(guard.refusesAll).toBe(false);
  });

  test('takes the twentieth without any acceptance for the model: none is final, and later ones neither', async () => {
    const guard = new RejectionGuard();
    const verdicts = held(guard, REJECTIONS_HELD_MAX);
    expect(guard.refusesAll).toBe(true);
    expect(await guard.rejected(0)).toBe('again');
    expect(verdicts).toEqual(Array(REJECTIONS_HELD_MAX).fill('again'));
    guard.accepted(guard.begin());
    expect(guard.refusesAll).toBe(false);
    const later = guard.rejected(guard.calls);
    guard.accepted(guard.begin());
    expect(await later).toBe('final');
  });

  test('settles nothing by a call that began before the refusal: the model may have been replaced since', async () => {
    const guard = new RejectionGuard();
    const earlier = guard.begin();
    const refused = guard.rejected(guard.calls);
    guard.accepted(earlier);
    expect(guard.isHolding).toBe(true);
    expect(guard.hasAcceptedSince(guard.calls)).toBe(false);
    guard.accepted(guard.begin());
    expect(await refused).toBe('final');
  });

  test('does not take a model for wrong that accepts between refusals, though nothing began after them', () => {
    const guard = new RejectionGuard();
    const calls = Array.from({ length: 3 * REJECTIONS_HELD_MAX }, () => guard.begin());
    for (const call of calls) {
      if (call % 2 === 0) guard.accepted(call);
      else void guard.rejected(guard.calls);
    }
    expect(guard.refusesAll).toBe(false);
    expect(guard.isHolding).toBe(true);
  });
});

describe('suspicion', () => {
  test('needs three failures while others are answered; failures of an outage are one', () => {
    const batch = new Suspicion();
    for (let attempt = 0; attempt < 10; attempt++) batch.failed(7);
    expect(batch.isConfirmed(2)).toBe(false);
    batch.failed(8);
    expect(batch.isConfirmed(3)).toBe(false);
    batch.failed(9);
    expect(batch.isConfirmed(3)).toBe(true);
  });

  test('a half of a suspect needs one failure more, with an answer to others before it', () => {
    const batch = new Suspicion();
    for (const successes of [1, 2, 3]) batch.failed(successes);
    const half = batch.ofHalf(2, 3);
    half.failed(3);
    expect(half.isConfirmed(3)).toBe(false);
    half.failed(4);
    expect(half.isConfirmed(3)).toBe(true);
  });

  test('a row that a suspect was halved down to is blamed for failures of its own only', () => {
    const batch = new Suspicion();
    for (const successes of [1, 2, 3]) batch.failed(successes);
    const row = batch.ofHalf(1, 3);
    for (const successes of [3, 4, 5]) row.failed(successes);
    expect(row.isConfirmed(3)).toBe(false);
    row.failed(6);
    expect(row.isConfirmed(3)).toBe(true);
  });

  test('a model that fails many is given more chances before a batch is blamed', () => {
    const healthy = new Availability();
    const few = new Availability();
    few.first(true);
    few.first(false);
    const brownOut = new Availability();
    for (let call = 0; call < 50; call++) {
      healthy.first(true);
      brownOut.first(call % 2 === 0);
    }
    expect([healthy, few, brownOut].map(({ strikesNeeded }) => strikesNeeded)).toEqual([3, 3, 19]);
  });
});
