import { describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { askGate } from '../../src/app/gate.js';
import { rebuild } from '../../src/app/rebuild.js';
import { routeKey } from '../../src/app/route.js';
import { runForever } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import type { CanaryAction } from '../../src/model/canary.js';
import type { CanaryReport } from '../../src/model/results.js';
import { runTable } from '../../src/report/table/run.js';
import { BATCH_SQL, STREAM_SQL, type TestProject, testProjects, events, totals, until } from './project.js';

const newProject = testProjects();

const ALL = events(40);

function project(
  canary: object,
  parts: Readonly<Record<string, object>> = {},
  clock?: typeof systemClock,
): TestProject {
  const one = newProject({ pipelines: totals({ canary, ...parts }) }, clock);
  one.ndjson('a.ndjson', ALL);
  return one;
}

const act = (
  one: TestProject,
  action: CanaryAction | 'status' | 'history',
  options: { step?: number } = {},
): Promise<CanaryReport> => canaryAction(one.context(), 'totals', action, options);

/** The keys that the served view gives from the stream; asks the router about every key, which must say the same. */
async function servedByStream(one: TestProject): Promise<string[]> {
  const before = await one.side('stream');
  // A mark that only the stream side has tells where a served row comes from.
  await one.execute('UPDATE cutover_stream.totals SET n = n + 1000');
  const rows = await one.query('SELECT k, n FROM main.totals ORDER BY k');
  await one.execute('UPDATE cutover_stream.totals SET n = n - 1000');
  expect(await one.side('stream')).toEqual(before);
  expect(rows.map((row) => row['k'])).toEqual(before.map((row) => row['k']));
  const fromStream = rows.filter((row) => Number(row['n']) >= 1000).map((row) => String(row['k']));
  for (const row of rows) {
    const route = await routeKey(one.context(), 'totals', String(row['k']));
    expect([row['k'], route.side]).toEqual([row['k'], fromStream.includes(String(row['k'])) ? 'stream' : 'batch']);
  }
  return fromStream;
}

describe('the canary', () => {
  it('starts only when the gate passes, and goes step by step to the end', async () => {
    const one = project({ steps: [30, 60, 100], dwell: { cycles: 1 }, approve: [60] });
    expect((await askGate(one.context(), 'totals', 'advance')).verdict).not.toBe('pass');
    expect(await act(one, 'start')).toMatchObject({ applied: false, refusal: 'gate', state: { stage: 'shadow' } });
    await one.run();
    expect(await servedByStream(one)).toEqual([]);
    expect(await act(one, 'start')).toMatchObject({
      applied: true,
      state: { stage: 'canary', step: 0, share_ppm: 300_000 },
    });
    const at30 = await servedByStream(one);
    expect(at30.length).toBeLessThan(10);

    expect(await act(one, 'advance')).toMatchObject({ applied: false, refusal: 'dwell' });
    one.append('a.ndjson', events(5, 40));
    await one.run();
    expect(await act(one, 'advance')).toMatchObject({ applied: false, refusal: 'approval' });
    expect(await act(one, 'approve', { step: 60 })).toMatchObject({ applied: true });
    expect(await act(one, 'advance')).toMatchObject({ applied: true, state: { share_ppm: 600_000 } });
    const at60 = await servedByStream(one);
    // Once served from the stream, always served from the stream.
    expect(at60).toEqual(expect.arrayContaining(at30));
    expect(at60.length).toBeGreaterThan(at30.length);

    one.append('a.ndjson', events(5, 45));
    await one.run();
    expect(await act(one, 'advance')).toMatchObject({
      applied: true,
      state: { stage: 'cutover', share_ppm: 1_000_000 },
    });
    expect(await servedByStream(one)).toHaveLength(10);
    one.append('a.ndjson', events(5, 50));
    await one.run();
    expect(await act(one, 'complete')).toMatchObject({ applied: true, state: { stage: 'complete' } });
    expect(await servedByStream(one)).toHaveLength(10);
    // The batch job is retired: events still go in, nothing is compared.
    one.append('a.ndjson', events(5, 55));
    const later = await one.run();
    expect(later).toMatchObject({ events: 5, comparisons: [], verdict: 'inconclusive', retired: ['totals'] });
    expect(runTable(later, { color: false, width: 100, limit: 10 })).toContain(
      '  nothing was compared: totals is complete, and its batch job runs no more\n',
    );

    const { history } = await act(one, 'history');
    const trail = [...history].sort((a, b) => a.version - b.version);
    expect(trail.map(({ action, to_stage: to }) => [action, to])).toEqual([
      ['start', 'canary'],
      ['approve', 'canary'],
      ['advance', 'canary'],
      ['advance', 'cutover'],
      ['complete', 'complete'],
    ]);
    expect(trail.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(trail.map(({ actor }) => actor))).toEqual(new Set(['ada']));
    expect(trail.map(({ to_share_ppm: to }) => to)).toEqual([300_000, 300_000, 600_000, 1_000_000, 1_000_000]);
  });

  it('is rolled back by a comparison with differences, and started anew', async () => {
    const one = project({ steps: [50, 100], dwell: { cycles: 0 } });
    await one.run();
    await act(one, 'start');
    expect((await servedByStream(one)).length).toBeGreaterThan(0);
    await one.execute(`UPDATE cutover_stream.totals SET total = total + 1 WHERE k = 'k1'`);
    expect((await one.compare()).verdict).toBe('fail');
    const status = await act(one, 'history');
    expect(status.state).toMatchObject({ stage: 'rolled_back', share_ppm: 0 });
    expect(status.history.find(({ action }) => action === 'rollback')).toMatchObject({
      actor: 'cutover run',
      from_stage: 'canary',
      from_share_ppm: 500_000,
      to_share_ppm: 0,
    });
    expect(await servedByStream(one)).toEqual([]);
    expect(await act(one, 'start')).toMatchObject({ applied: false, refusal: 'gate' });
    await one.execute(`UPDATE cutover_stream.totals SET total = total - 1 WHERE k = 'k1'`);
    expect((await one.compare()).verdict).toBe('pass');
    // The log stood still: what was known before the rollback is no new evidence.
    expect(await act(one, 'start')).toMatchObject({ applied: false, refusal: 'gate' });
    one.append('a.ndjson', events(5, 40));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await act(one, 'start')).toMatchObject({ applied: true, state: { stage: 'canary', share_ppm: 500_000 } });
    expect(await act(one, 'rollback')).toMatchObject({ applied: true, state: { stage: 'rolled_back', share_ppm: 0 } });
  });

  it('keeps a rebuild by other code from its readers, unless it is forced on them', async () => {
    const one = project({ steps: [50, 100], dwell: { cycles: 0 } });
    await one.run();
    await act(one, 'start');
    // The same code again is no risk.
    expect((await rebuild(one.context(), 'totals')).events).toBe(40);
    const wrong = STREAM_SQL.replace('count(*)', 'count(*) + 1');
    one.configure({
      pipelines: totals({ canary: { steps: [50, 100], dwell: { cycles: 0 } }, stream: { sql: wrong } }),
    });
    await expect(rebuild(one.context(), 'totals')).rejects.toMatchObject({ code: 'CANARY_REFUSED' });
    expect((await act(one, 'status')).state).toMatchObject({ stage: 'canary', share_ppm: 500_000 });
    await rebuild(one.context(), 'totals', { force: true });
    expect((await one.run()).verdict).toBe('fail');
    expect((await act(one, 'status')).state).toMatchObject({ stage: 'rolled_back', share_ppm: 0 });
  });

  it('is rolled back by a cutover too that fails to be validated', async () => {
    const one = project({ steps: [100], dwell: { cycles: 0 } });
    await one.run();
    expect(await act(one, 'start')).toMatchObject({ state: { stage: 'cutover', share_ppm: 1_000_000 } });
    await one.execute('DELETE FROM cutover_stream.totals');
    await one.compare();
    expect((await act(one, 'status')).state).toMatchObject({ stage: 'rolled_back', share_ppm: 0 });
  });

  it('takes its steps by itself where the plan says so', async () => {
    const one = project(
      { steps: [10, 50, 100], dwell: { cycles: 1 }, auto: true },
      { batch: { sql: BATCH_SQL, every: '20ms' } },
      systemClock,
    );
    await one.run();
    await act(one, 'start');
    const stop = new AbortController();
    const reports: CanaryReport[] = [];
    let next = 40;
    const running = runForever(one.context({ signal: stop.signal }), {
      limit: 1,
      onComparison: () => {
        one.append('a.ndjson', events(1, next++));
      },
      onCanary: (report) => reports.push(report),
    });
    await Promise.race([until(() => reports.at(-1)?.state.stage === 'cutover'), running]);
    stop.abort();
    await running;
    expect(reports.map(({ state }) => state.share_ppm)).toEqual([500_000, 1_000_000]);
    expect(new Set(reports.map(({ history }) => history[0]?.actor))).toEqual(new Set(['cutover run']));
  });
});
