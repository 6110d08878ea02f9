import { afterEach, describe, expect, inject, it } from 'vitest';
import { rebuild } from '../../src/app/rebuild.js';
import type { Comparison } from '../../src/model/comparison.js';
import { BATCH_SQL, HandClock, MINUTE, TestProject, events, failure, only, totals } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url, problem } = inject('postgres');
const ALL = events(200);
const DAY = 24 * 60 * MINUTE;

describe.skipIf(loudly('incremental comparison of pipelines', problem) || url === null)(
  'a pipeline that is compared incrementally',
  () => {
    const projects: TestProject[] = [];
    afterEach(() => {
      for (const project of projects.splice(0)) project.remove();
    });

    async function project(
      incremental: unknown = true,
    ): Promise<{ one: TestProject; clock: HandClock; next: () => Promise<Comparison> }> {
      const clock = new HandClock();
      const pipelines = totals({ compare: { incremental } });
      const one = new TestProject({ pipelines }, clock, await createDatabase(url ?? ''));
      projects.push(one);
      one.ndjson('a.ndjson', ALL.slice(0, 20));
      let at = 20;
      const next = async (): Promise<Comparison> => {
        one.append('a.ndjson', ALL.slice(at, (at += 5)));
        clock.advance(MINUTE);
        return only((await one.run()).comparisons);
      };
      return { one, clock, next };
    }

    const triggers = (one: TestProject): Promise<object[]> =>
      one.query(`SELECT tgname FROM pg_trigger WHERE tgname LIKE 'cutover_kept_%'`);

    it('compares in full first, then by kept digests, and finds a difference', async () => {
      const { one, next } = await project();
      const first = only((await one.run()).comparisons);
      expect(first).toMatchObject({ verdict: 'pass', notes: [expect.stringContaining('digests are not kept yet')] });
      expect(first).not.toHaveProperty('kept');
      const second = await next();
      expect(second).toMatchObject({ verdict: 'pass', notes: [], plan: { strategy: 'digest', candidates: 0 } });
      expect(second.plan.reason).toMatch(/^kept digests: 0 of \d+ buckets differ/);
      await one.execute(`UPDATE cutover_stream.totals SET n = n + 1 WHERE k = 'k3'`);
      await one.execute(`DELETE FROM cutover_stream.totals WHERE k = 'k4'`);
      const third = await next();
      expect(third).toMatchObject({ verdict: 'fail', value_mismatch: expect.any(Number) as number, batch_rows: 10 });
      expect(third.plan.reason).toMatch(/^kept digests: \d of \d+ buckets differ/);
      expect(third.discrepancies.map(({ key }) => key['k'])).toContain('k3');
      // What was found without reading all rows has a profile without reading them.
      expect(third.profile?.columns.map(({ column }) => column)).toContain('n');
      expect(third.profile).toMatchObject({ concentrations: [], ranges: [] });
      // What was written since was added up after each comparison.
      expect(await one.query('SELECT count(*) AS n FROM cutover.kept_1_deltas')).toEqual([{ n: '0' }]);
    });

    it('is compared in full, and digested anew, when its tables were replaced or its rules changed', async () => {
      const { one, next } = await project();
      await one.run();
      await rebuild(one.context(), 'totals');
      expect((await next()).notes).toEqual([expect.stringMatching(/were not used.*cutover_stream.*another table/)]);
      expect((await next()).notes).toEqual([]);
      // The batch table gets another column type: it is dropped and made anew inside the cycle.
      const batch = { sql: BATCH_SQL.replace('count(*) AS n', 'CAST(count(*) AS INTEGER) AS n') };
      one.configure({ pipelines: totals({ batch, compare: { incremental: { full_every: '7d' } } }) });
      expect((await next()).notes).toEqual([expect.stringMatching(/were not used.*cutover_batch/)]);
      expect((await next()).plan.reason).toMatch(/^kept digests: 0/);
      const rule = { total: { absolute: 0.01, because: 'cents' } };
      one.configure({ pipelines: totals({ batch, compare: { incremental: true, columns: rule } }) });
      expect((await next()).verdict).toBe('pass');
    });

    it('reads all rows as often as is asked for: what passed by the triggers is an error, and stays one until somebody compares by hand', async () => {
      const { one, clock, next } = await project();
      await one.run();
      expect((await next()).verdict).toBe('pass');
      // As if an update had passed by the trigger: its row is another, its digest is not. No event of the next cycle is of this key.
      await one.execute(`UPDATE cutover_stream.totals SET n = n + 1 WHERE k = 'k0'`);
      await one.execute('DELETE FROM cutover.kept_1_deltas');
      expect((await next()).plan.reason).toMatch(/^kept digests: 0/);
      clock.advance(DAY);
      const error = await failure(next());
      expect(error.code).toBe('DIGESTS_DISAGREE');
      expect(error.message).toContain('cutover_stream');
      const [stored] = await one.query('SELECT verdict, result_json FROM cutover.comparisons ORDER BY id DESC LIMIT 1');
      expect(stored).toMatchObject({
        verdict: 'error',
        result_json: expect.stringContaining('DIGESTS_DISAGREE') as string,
      });
      const after = await next();
      expect(after).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
      expect(after.notes).toEqual([
        expect.stringMatching(/were not used.*disagree.*`cutover compare` builds them anew/),
      ]);
      expect((await next()).notes).toHaveLength(1);
      expect((await one.compare()).verdict).toBe('fail');
      expect(await next()).toMatchObject({ verdict: 'fail', notes: [] });
      // A check that agrees says so, and the next one is due a day later.
      clock.advance(DAY);
      expect((await next()).notes).toEqual([expect.stringContaining('they agree')]);
      expect((await next()).notes).toEqual([]);
    });

    it('follows its tables no longer when it is not asked to', async () => {
      const { one, next } = await project();
      await one.run();
      expect(await triggers(one)).toHaveLength(8);
      one.configure({ pipelines: totals() });
      expect(await next()).toMatchObject({ verdict: 'pass', notes: [] });
      expect(await triggers(one)).toEqual([]);
      expect(await one.query(`SELECT relname FROM pg_class WHERE relname LIKE '%kept_1%'`)).toEqual([]);
    });
  },
);
