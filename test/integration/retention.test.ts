import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { withProject, type OpenProject } from '../../src/app/open.js';
import { retryQuarantine } from '../../src/app/quarantine.js';
import { rebuild } from '../../src/app/rebuild.js';
import { startRun } from '../../src/app/run.js';
import type { Point } from '../../src/shadow/environment.js';
import { cycleOnce, drain } from '../../src/shadow/runner.js';
import { pruneLanding } from '../../src/store/state/pruned.js';
import {
  BATCH_SQL,
  events,
  expectedTotals,
  failure,
  HandClock,
  only,
  SETUP_SQL,
  STREAM_SQL,
  TestProject,
  totals,
} from './project.js';

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

const DAY = 86_400_000;
const CANARY = { canary: { steps: [100], dwell: { cycles: 0 } }, gate: { consecutive_passes: 1, max_age: '1h' } };
const NARROW = { id: 'bigint', k: 'text', day: 'date', amount: 'decimal(4,2)' };

interface Made {
  readonly one: TestProject;
  readonly clock: HandClock;
}

function config(parts: object = {}, amount = 'decimal(18,2)'): Parameters<TestProject['configure']>[0] {
  return {
    ingest: { max_events: 7, max_quarantined: 10 },
    landing: { keep: '30d' },
    log: { path: 'data/*.ndjson', schema: { ...NARROW, amount } },
    pipelines: totals({ ...CANARY, ...parts }),
  };
}

function project(parts: object = {}, amount?: string): Made {
  const clock = new HandClock();
  const one = new TestProject(config(parts, amount), clock);
  projects.push(one);
  return { one, clock };
}

const act = async (one: TestProject, action: 'start' | 'complete' | 'rollback'): Promise<void> => {
  expect(await canaryAction(one.context(), 'totals', action, {})).toMatchObject({ applied: true });
};

/** Two files of events whose pipeline is migrated; 40 days later more arrive, and the old ones are pruned. */
async function pruned(parts: object = {}): Promise<Made> {
  const made = project(parts);
  const { one, clock } = made;
  one.ndjson('a.ndjson', events(20));
  await one.run();
  await act(one, 'start');
  one.ndjson('b.ndjson', events(10, 20));
  await one.run();
  await act(one, 'complete');
  clock.advance(40 * DAY);
  one.append('a.ndjson', events(10, 30));
  expect(await one.run()).toMatchObject({ events: 10, comparisons: [] });
  return made;
}

const landed = async (one: TestProject): Promise<number> =>
  Number(only(await one.query('SELECT count(*) AS n FROM cutover.landing'))['n']);

describe('landing retention', () => {
  it('keeps every event that a batch job computes from, however old', async () => {
    const { one, clock } = project();
    one.ndjson('a.ndjson', events(20));
    await one.run();
    clock.advance(40 * DAY);
    one.append('a.ndjson', events(10, 20));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', batch_rows: 10 });
    expect(await landed(one)).toBe(30);
  });

  it('keeps everything without a limit', async () => {
    const { one, clock } = project();
    one.configure({ ...config(), landing: {} });
    one.ndjson('a.ndjson', events(20));
    await one.run();
    await act(one, 'start');
    one.append('a.ndjson', events(10, 20));
    await one.run();
    await act(one, 'complete');
    clock.advance(400 * DAY);
    await one.run();
    expect(await landed(one)).toBe(30);
  });

  it('prunes what is old once the batch job is retired, and goes on ingesting', async () => {
    const { one } = await pruned();
    expect(await landed(one)).toBe(10);
    expect(await one.query('SELECT partition, first, below, events FROM cutover.pruned ORDER BY partition')).toEqual([
      { partition: 0, first: '0', below: '20', events: '20' },
      { partition: 1, first: '0', below: '10', events: '10' },
    ]);
    expect(await one.side('stream')).toEqual(expectedTotals(events(40)));
  });

  it('lets no batch job compute from what is left: not by hand, not after a rollback', async () => {
    const { one } = await pruned();
    expect(await failure(one.compare())).toMatchObject({ code: 'LANDING_PRUNED' });
    await act(one, 'rollback');
    expect((await failure(one.run())).code).toBe('LANDING_PRUNED');
    const newest = 'SELECT verdict FROM cutover.comparisons ORDER BY id DESC LIMIT 1';
    expect(await one.query(newest)).toEqual([{ verdict: 'error' }]);
  });

  it('refuses a result that was computed while events were pruned', async () => {
    const { one, clock } = project({ batch: { sql: BATCH_SQL, hold: 'copy' } });
    one.ndjson('a.ndjson', events(20));
    await one.run();
    clock.advance(40 * DAY);
    one.append('a.ndjson', events(10, 20));
    let opened: OpenProject | undefined;
    const reached = async (point: Point): Promise<void> => {
      if (point !== 'cut taken' || opened === undefined) return;
      const session = await opened.store.session();
      await session.transaction(() => pruneLanding(session, '2026-03-20T00:00:00Z'));
    };
    const ctx = one.context({ reached });
    const cycle = withProject(ctx, async (open) => {
      const parts = await startRun(ctx, open, { limit: 100 }, new Map(), true);
      await drain(parts);
      opened = open;
      return cycleOnce(parts, open.project.pipelines, false);
    });
    expect((await failure(cycle)).code).toBe('LANDING_PRUNED');
    // What was computed from part of the events was not published.
    expect(await one.side('batch')).toEqual(expectedTotals(events(20)));
  });

  it('lets a command that reads its input elsewhere be compared on, and prunes beside it', async () => {
    const script = `const fs = require('fs'); if (process.env.CUTOVER_EVENTS) process.exit(1);
      const all = ['a', 'b'].flatMap((f) => { try { return fs.readFileSync(__dirname + '/data/' + f + '.ndjson', 'utf8').trim().split('\\n').map((l) => JSON.parse(l)); } catch { return []; } });
      const by = new Map(); for (const { k, amount } of all) { const s = by.get(k) ?? { n: 0, c: 0 }; by.set(k, { n: s.n + 1, c: s.c + Math.round(Number(amount) * 100) }); }
      fs.writeFileSync(process.env.CUTOVER_OUTPUT, [...by].map(([k, { n, c }]) => JSON.stringify({ k, n, total: (c / 100).toFixed(2) })).join('\\n') + '\\n');`;
    const { one, clock } = project();
    const command = [process.execPath, one.file('job.cjs', script)];
    const stream = { setup: SETUP_SQL, sql: STREAM_SQL };
    one.configure(config({ batch: { command, output: 'ndjson', events: false }, stream }));
    one.ndjson('a.ndjson', events(20));
    expect(only((await one.run()).comparisons).verdict).toBe('pass');
    clock.advance(40 * DAY);
    one.append('a.ndjson', events(10, 20));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
    expect(await landed(one)).toBe(10);
    one.append('a.ndjson', events(10, 30));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
  });
});

describe('a rebuild past what was pruned', () => {
  const COUNTING = {
    stream: {
      setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2))',
      sql: `${STREAM_SQL} -- other code`,
    },
  };

  it('reads the log again', async () => {
    const { one } = await pruned();
    one.configure(config(COUNTING));
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
    expect(await rebuild(one.context(), 'totals', { force: true })).toMatchObject({ events: 40 });
    expect(await one.side('stream')).toEqual(expectedTotals(events(40)));
    one.append('b.ndjson', events(5, 40));
    await one.run();
    expect(await one.side('stream')).toEqual(expectedTotals(events(45)));
  });

  it('builds a new pipeline so, even when nothing is left in the landing', async () => {
    const { one, clock } = await pruned();
    clock.advance(40 * DAY);
    await one.run();
    expect(await landed(one)).toBe(0);
    const other = { ...totals(CANARY)['totals'], stream: { sql: STREAM_SQL.replace('totals', 'others') } };
    one.configure({ ...config(), pipelines: { ...totals(CANARY), others: other } });
    expect((await failure(one.run())).code).toBe('LANDING_PRUNED');
    expect(await one.side('stream', 'others')).toEqual(expectedTotals(events(40)));
  });

  it('says that it cannot when the log is gone, and leaves the table as it is', async () => {
    const { one } = await pruned();
    const before = await one.side('stream');
    one.configure(config(COUNTING));
    rmSync(join(one.root, 'data/b.ndjson'));
    const error = await failure(rebuild(one.context(), 'totals', { force: true }));
    expect(error).toMatchObject({ code: 'LOG_RANGE_GONE' });
    expect(error.message).toContain('data/b.ndjson');
    expect(await one.side('stream')).toEqual(before);
  });

  it('takes each event once: retried ones from the landing, none from quarantine', async () => {
    const all = events(30).map((event) => (event.id % 10 === 4 ? { ...event, amount: '1234.25' } : event));
    const { one, clock } = project({}, 'decimal(4,2)');
    one.ndjson('a.ndjson', all.slice(0, 20));
    await one.run();
    await act(one, 'start');
    one.append('a.ndjson', all.slice(20));
    expect(await one.run()).toMatchObject({ quarantined: 1 });
    await act(one, 'complete');
    clock.advance(40 * DAY);
    one.configure(config());
    const place = { partition: 'data/a.ndjson', offset: 14 };
    expect(await retryQuarantine(one.context(), place, { limit: 1 })).toMatchObject({ landed: 1, quarantined: 2 });
    await one.run();
    expect(await landed(one)).toBe(1);
    one.configure(config(COUNTING));
    expect(await rebuild(one.context(), 'totals', { force: true })).toMatchObject({ events: 28 });
    const fit = all.filter(({ id }) => id !== 4 && id !== 24);
    expect(await one.side('stream')).toEqual(expectedTotals(fit));
  });
});
