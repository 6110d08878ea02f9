import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Positions } from '../../src/shadow/positions.js';
import { newestStamp, claimPartition, loadPartitions, stepPartition } from '../../src/store/state/offsets.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import type { StoreFixture } from './store.js';

const AT = '2026-01-02T03:04:05.678901Z';

/** Who may move the offsets, in every store: no two processes land the same events. */
export function offsetsSuite(name: string, fixture: () => StoreFixture): void {
  describe(`${name}: offsets`, () => {
    let current: StoreFixture;
    let store: Store;
    let session: SqlSession;

    beforeEach(async () => {
      current = fixture();
      store = await current.open();
      await store.migrate();
      session = await store.session();
    });
    afterEach(async () => {
      await store.close();
      await current.remove();
    });

    const step = (partition: number, from: number, to: number, epoch = 0): Promise<boolean> =>
      stepPartition(session, {
        state: { partition, name: `p/${partition}`, nextOffset: to, position: `at ${to}` },
        from,
        epoch,
        at: AT,
      });

    it('move on from where the partition stands, and from nowhere else', async () => {
      expect(await step(0, 0, 10)).toBe(true);
      expect(await step(0, 10, 25)).toBe(true);
      for (const from of [0, 10, 24, 26]) expect(await step(0, from, 30)).toBe(false);
      expect(await loadPartitions(session)).toEqual([{ partition: 0, name: 'p/0', nextOffset: 25, position: 'at 25' }]);
    });

    it('keep the moment of the newest micro-batch to the microsecond', async () => {
      expect(await newestStamp(session)).toBe(0);
      await step(0, 0, 10);
      expect(await newestStamp(session)).toBe(Date.parse('2026-01-02T03:04:05.678Z') * 1000 + 901);
    });

    it('give claimed partitions stable numbers and let only the newest claim commit', async () => {
      const first = await claimPartition(session, 'b/0', AT);
      const second = await claimPartition(session, 'a/0', AT);
      expect([first.partition, second.partition]).toEqual([0, 1]);
      expect(first).toMatchObject({ nextOffset: 0, position: '', epoch: 1 });
      // A first step may begin anywhere: that is where the log starts.
      expect(await step(0, 500, 510, 1)).toBe(true);
      const again = await claimPartition(session, 'b/0', AT);
      expect(again).toMatchObject({ partition: 0, nextOffset: 510, position: 'at 510', epoch: 2 });
      expect(await step(0, 510, 520, 1)).toBe(false);
      expect(await step(0, 500, 520, 2)).toBe(false);
      expect(await step(0, 510, 520, 2)).toBe(true);
    });

    it('are claimed by several at once without sharing a number', async () => {
      const clock = { now: () => new Date(AT), sleep: () => Promise.resolve() };
      const both = await Promise.all([Positions.load(await store.session(), clock), Positions.load(session, clock)]);
      await Promise.all(both.map((positions, i) => positions.claim(['t/0', 't/1', `own/${i}`])));
      const partitions = await loadPartitions(session);
      expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
      expect(new Set(partitions.map((one) => one.name)).size).toBe(4);
      expect(both[0]?.all.map((one) => one.name).sort()).toEqual(['own/0', 't/0', 't/1']);
    });
  });
}
