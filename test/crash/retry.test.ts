import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { POINTS } from '../../src/shadow/environment.js';
import { events, expectedTotals, only, TestProject, totals } from '../integration/project.js';
import { start } from './world.js';

const DRIVER = join(import.meta.dirname, 'driver.mjs');

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** Every fifth amount has too many digits before the point. */
const ALL = events(40).map((event) => (event.id % 5 === 0 ? { ...event, amount: '1234.25' } : event));

function configured(one: TestProject, amount: string): void {
  one.configure({
    ingest: { max_events: 4, max_quarantined: 10 },
    log: { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', day: 'date', amount } },
    pipelines: totals(),
  });
}

describe('a retry that is killed', () => {
  const kills = POINTS.filter((point) => point.startsWith('retry')).flatMap((point) => [
    [point, 1] as const,
    [point, 2] as const,
  ]);

  it.each(kills)("at '%s', %i., and done again lands every event once", async (point, occurrence) => {
    const one = new TestProject();
    projects.push(one);
    configured(one, 'decimal(4,2)');
    one.ndjson('a.ndjson', ALL);
    expect(await one.run()).toMatchObject({ quarantined: 8 });
    configured(one, 'decimal(18,2)');
    const config = join(one.root, 'cutover.yaml');
    const killed = await start([DRIVER, config, 'retry', point, String(occurrence)]).ended;
    expect({ signal: killed.signal, stderr: killed.stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
    const between = only((await one.run()).comparisons);
    const committed = (occurrence - 1 + Number(point === 'retry committed')) * 4;
    expect(between).toMatchObject({ verdict: 'pass', quarantined: 8 - committed });
    expect(await start([DRIVER, config, 'retry']).ended).toMatchObject({ code: 0, stderr: '' });
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', quarantined: 0, matched: 10 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    expect(await one.query('SELECT count(*) AS n, count(DISTINCT _offset) AS d FROM cutover.landing')).toEqual([
      { n: '40', d: '40' },
    ]);
  });
});
