import { afterEach, describe, expect, inject, it } from 'vitest';
import { retryQuarantine } from '../../src/app/quarantine.js';
import { runForever } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import type { Comparison } from '../../src/model/comparison.js';
import type { QuarantineResult } from '../../src/model/results.js';
import { BATCH_SQL, events, expectedTotals, only, TestProject, totals, until } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url, problem } = inject('postgres');

const ALL = events(60).map((event) => (event.id % 5 === 0 ? { ...event, amount: '1234.25' } : event));

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function configured(one: TestProject, amount: string, batch: object = {}): void {
  one.configure({
    ingest: { max_events: 4, max_wait: '5ms', max_quarantined: 100 },
    log: { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', day: 'date', amount } },
    pipelines: totals({ batch: { sql: BATCH_SQL, ...batch } }),
  });
}

async function project(batch: object = {}): Promise<TestProject> {
  const one = new TestProject({ pipelines: totals() }, systemClock, await createDatabase(url ?? ''));
  projects.push(one);
  configured(one, 'decimal(4,2)', batch);
  one.ndjson('a.ndjson', ALL);
  expect(await one.run()).toMatchObject({ quarantined: 12 });
  configured(one, 'decimal(18,2)', batch);
  return one;
}

const retry = (one: TestProject): Promise<QuarantineResult> => retryQuarantine(one.context(), 'all', { limit: 10 });

async function landedOnce(one: TestProject, expected: number): Promise<void> {
  const rows = await one.query('SELECT count(*) AS n, count(DISTINCT (_partition, _offset)) AS d FROM cutover.landing');
  expect(only(rows)).toEqual({ n: String(expected), d: String(expected) });
  expect(await one.query('SELECT * FROM cutover.quarantine')).toEqual([]);
}

describe.skipIf(loudly('quarantine on PostgreSQL', problem))('quarantine retry on PostgreSQL', () => {
  it('lets every record land once when two retry at once', async () => {
    const one = await project();
    const both = await Promise.all([retry(one), retry(one)]);
    expect(both[0].landed + both[1].landed).toBe(12);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', quarantined: 0, matched: 10 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    await landedOnce(one, 60);
  });

  it.each(['snapshot', 'copy'])('makes no difference beside a run with cycles held by %s', async (hold) => {
    const one = await project({ hold, every: '1ms' });
    const stop = new AbortController();
    const comparisons: Comparison[] = [];
    const running = runForever(one.context({ signal: stop.signal }), {
      limit: 10,
      onComparison: (comparison) => comparisons.push(comparison),
      onCanary: () => undefined,
    });
    await until(() => comparisons.length > 2);
    const more = events(200, 60).map((event) => (event.id % 7 === 0 ? { ...event, amount: '4321.75' } : event));
    one.append('a.ndjson', more);
    await retry(one);
    const seen = comparisons.length;
    await until(() => comparisons.length > seen + 2 && comparisons.at(-1)?.cut['0'] === '260');
    stop.abort();
    await running;
    expect(comparisons.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(comparisons.at(-1)).toMatchObject({ quarantined: 0, cut: { 0: '260' } });
    expect(await one.side('stream')).toEqual(expectedTotals([...ALL, ...more]));
    await landedOnce(one, 260);
  });
});
