import { describe, expect, it } from 'vitest';
import { stateIn } from '../../test/property/canary-facts.js';
import type { CanaryState } from '../model/canary.js';
import { canaryBucket } from './bucket.js';
import { route } from './route.js';
import { createRouter, type RouterOptions } from './router.js';

/** Keys whose buckets by the salt `p` are on either side of 500,000. */
const keys = Array.from({ length: 50 }, (_, n) => [String(n)]);
const low = keys.find((key) => canaryBucket('p', key) < 500_000) ?? [];
const high = keys.find((key) => canaryBucket('p', key) >= 500_000) ?? [];
const half = stateIn({ stage: 'canary', step: 0, share_ppm: 500_000 });

describe('route', () => {
  it('compares the bucket with the share', () => {
    expect(route(half, low)).toMatchObject({
      side: 'stream',
      bucket: canaryBucket('p', low),
      key: low,
      share_ppm: 500_000,
      stage: 'canary',
    });
    expect(route(half, high)).toMatchObject({ side: 'batch', bucket: canaryBucket('p', high) });
    const exact = { ...half, share_ppm: canaryBucket('p', low) };
    expect(route(exact, low).side).toBe('batch');
    expect(route({ ...exact, share_ppm: exact.share_ppm + 1 }, low).side).toBe('stream');
  });
  it.each([
    [0, 'batch'],
    [999_999, 'batch'],
    [1_000_000, 'stream'],
  ] as const)('without a key at %d ppm reads %s, as the served view does', (share_ppm, side) => {
    expect(route({ ...half, share_ppm }, null)).toMatchObject({ side, bucket: null, key: null });
    expect(route({ ...half, share_ppm }, [])).toMatchObject({ side, bucket: null });
  });
});

describe('createRouter', () => {
  function setUp(change: Partial<RouterOptions<string>> = {}) {
    const world = { state: half, now: 0, asked: 0, broken: false };
    const router = createRouter<string>({
      state: () => {
        world.asked += 1;
        return world.broken ? Promise.reject(new Error('store down')) : Promise.resolve(world.state);
      },
      readBatch: (key) => Promise.resolve(`batch ${String(key)}`),
      readStream: (key) => Promise.resolve(`stream ${String(key)}`),
      clock: { now: () => new Date(world.now) },
      refreshInterval: 1000,
      ...change,
    });
    return { world, router };
  }

  it('reads each key from its side and counts', async () => {
    const { router } = setUp();
    expect(await router.read(low)).toMatchObject({ value: `stream ${String(low)}`, side: 'stream', fell_back: false });
    expect((await router.read(high)).value).toBe(`batch ${String(high)}`);
    expect((await router.read(null)).side).toBe('batch');
    expect(router.counters()).toEqual({ batch: 2, stream: 1, fallbacks: 0, missing_keys: 1, state_errors: 0 });
  });

  it('falls back to batch when the stream fails', async () => {
    const { router } = setUp({ readStream: () => Promise.reject(new Error('gone')) });
    expect(await router.read(low)).toMatchObject({ value: `batch ${String(low)}`, side: 'batch', fell_back: true });
    expect(router.counters()).toMatchObject({ batch: 1, stream: 0, fallbacks: 1 });
  });

  it('does not fall back to a retired batch side', async () => {
    const complete: CanaryState = { ...half, stage: 'complete', share_ppm: 1_000_000 };
    const { router } = setUp({
      readStream: () => Promise.reject(new Error('gone')),
      state: () => Promise.resolve(complete),
    });
    await expect(router.read(low)).rejects.toThrow('gone');
    expect(router.counters().fallbacks).toBe(0);
  });

  it('passes a failure of batch on', async () => {
    const { router } = setUp({ readBatch: () => Promise.reject(new Error('no batch')) });
    await expect(router.read(high)).rejects.toThrow('no batch');
  });

  it('asks for the state once an interval, and follows a rollback with the next read after it', async () => {
    const { world, router } = setUp();
    await Promise.all([router.read(low), router.read(low), router.read(high)]);
    expect(world.asked).toBe(1);
    world.state = { ...half, stage: 'rolled_back', share_ppm: 0 };
    world.now = 999;
    expect((await router.read(low)).side).toBe('stream');
    world.now = 1000;
    expect((await router.read(low)).side).toBe('batch');
    expect(world.asked).toBe(2);
    world.now = 0;
    await router.read(low);
    expect(world.asked).toBe(3);
  });

  it('keeps the last state while a new one cannot be had, and recovers', async () => {
    const { world, router } = setUp();
    await router.read(low);
    world.broken = true;
    world.now = 1000;
    expect((await router.read(low)).side).toBe('stream');
    expect((await router.read(low)).side).toBe('stream');
    expect(router.counters().state_errors).toBe(1);
    world.broken = false;
    world.state = { ...half, share_ppm: 0 };
    world.now = 2000;
    expect((await router.read(low)).side).toBe('batch');
  });

  it('reads batch while no state was ever known', async () => {
    const { world, router } = setUp();
    world.broken = true;
    expect(await router.read(low)).toMatchObject({ side: 'batch', route: null });
    expect(await router.route(low)).toBeNull();
    expect(router.counters().state_errors).toBe(1);
  });
});
