import { describe, expect, it } from 'vitest';
import { PartitionReader } from './partition-reader.js';
import { emptyBatch } from '../../../test/kafka/empty-batch.js';

const reader = (): PartitionReader =>
  new PartitionReader(
    { topic: 't', partition: 0 },
    { partition: 0, name: 't/0', nextOffset: 10, position: '', epoch: 1 },
    undefined,
    '{}',
  );
const batch = (first: number, last: number) => ({ ...emptyBatch(first, last), records: last - first + 1, bytes: 100 });

describe('a partition reader', () => {
  it('keeps what it fetched until the store has it', () => {
    const one = reader();
    one.add(10, [batch(10, 14), batch(15, 19)], 1);
    expect([one.fetchFrom, one.records, one.bytes]).toEqual([20, 10, 200]);
    one.moved(12, 2);
    expect([one.fetchFrom, one.batches.length]).toEqual([20, 2]);
    one.moved(15, 3);
    expect([one.fetchFrom, one.batches.length, one.bytes]).toEqual([20, 1, 100]);
    one.moved(20, 4);
    expect([one.behind, one.waitingSince]).toEqual([true, undefined]);
    one.lastStable = 20;
    expect(one.behind).toBe(false);
  });

  it('goes on where it was claimed, whatever the store was known to have before', () => {
    const one = reader();
    one.moved(4, 1);
    expect([one.committed, one.fetchFrom]).toEqual([10, 10]);
    one.add(10, [batch(10, 14)], 2);
    one.moved(4, 3);
    expect([one.committed, one.fetchFrom, one.waitingSince]).toEqual([10, 15, 2]);
  });

  it('takes no fetch that was asked for at another place, and no batch twice', () => {
    const one = reader();
    one.add(10, [batch(8, 12)], 1);
    one.add(10, [batch(10, 12)], 1);
    expect([one.fetchFrom, one.batches.length]).toEqual([13, 1]);
  });

  it('passes nothing over for an empty answer; when it stays so, a drain need not wait', () => {
    const one = reader();
    one.lastStable = 30;
    one.sawNothing(10, 1);
    expect([one.fetchFrom, one.behind]).toEqual([10, true]);
    one.sawNothing(10, 20_000);
    expect([one.fetchFrom, one.behind]).toEqual([10, false]);
    one.add(10, [batch(10, 29)], 20_001);
    expect([one.fetchFrom, one.behind]).toEqual([30, true]);
    one.moved(30, 20_002);
    expect(one.behind).toBe(false);
  });

  it('goes on behind a gap once the store took the step', () => {
    const one = reader();
    one.leap({ to: 50, lost: 'gone', position: '{}' });
    one.lastStable = 50;
    expect([one.fetchFrom, one.behind]).toEqual([50, true]);
    one.moved(50, 1);
    expect([one.step, one.behind]).toEqual([null, false]);
  });
});
