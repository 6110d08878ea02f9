import { expect, it } from 'vitest';
import type { EventLog, PartitionProgress } from '../log/contract.js';
import type { Logger } from '../model/ports.js';
import { lagOf, reportLag } from './lag.js';

const at = (committed: number, end: number | null, idle: number | null = null): PartitionProgress => ({
  name: `t/${committed}`,
  committed,
  end,
  idle,
});

it('counts offsets to the end that is known', () => {
  expect([at(3, 10), at(10, 10), at(11, 10), at(3, null)].map(lagOf)).toEqual([7, 0, 0, 0]);
});

it('is logged now and then until the signal aborts: the total at info, each partition at debug', async () => {
  const stop = new AbortController();
  const said: unknown[] = [];
  let sleeps = 0;
  const clock = {
    now: () => new Date(0),
    sleep: (ms: number): Promise<void> => {
      expect(ms).toBe(30_000);
      if ((sleeps += 1) === 3) stop.abort();
      return Promise.resolve();
    },
  };
  const logger: Logger = {
    debug: (facts) => said.push(facts),
    info: (facts, message) => said.push([facts, message]),
    warn: () => undefined,
    error: () => undefined,
  };
  const turns: PartitionProgress[][] = [[], [at(3, 10, 40_000), at(5, 6, 10)]];
  const log = { progress: () => turns.shift() ?? [] } as Partial<EventLog> as EventLog;
  await reportLag(log, clock, logger, stop.signal);
  expect(said).toEqual([
    { partition: 't/3', committed: 3, end: 10, idle_ms: 40_000 },
    { partition: 't/5', committed: 5, end: 6, idle_ms: 10 },
    [{ lag: 8, partitions: 2, idle_partitions: 1 }, '8 offsets behind the end of the log'],
  ]);
});
