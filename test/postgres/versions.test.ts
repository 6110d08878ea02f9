import { describe, expect, inject, it } from 'vitest';
import { SETUP_SQL, STREAM_SQL, events, only, testProjects, totals } from '../integration/project.js';
import { onPostgres } from './on-postgres.js';

await onPostgres('two versions of a stream job', () => import('../integration/versions.test.js'));

describe.skipIf(inject('postgres').problem !== null)('two versions with kept digests', () => {
  const newProject = testProjects();

  it('are compared by them, also after a rebuild of one', async () => {
    const job = { sql: STREAM_SQL, setup: SETUP_SQL };
    const pipelines = (comment: string): Record<string, object> =>
      totals({
        batch: { stream: job },
        stream: { ...job, sql: `${STREAM_SQL} ${comment}` },
        compare: { incremental: true },
      });
    const one = newProject({ pipelines: pipelines('-- 2') });
    one.ndjson('a.ndjson', events(40));
    await one.run();
    one.append('a.ndjson', events(10, 40));
    const kept = only((await one.run()).comparisons);
    expect(kept).toMatchObject({ verdict: 'pass', matched: 10 });
    expect(kept.plan.reason).toMatch(/kept/);
    await one.execute(`UPDATE cutover_batch.totals SET n = n + 1 WHERE k = 'k1'`);
    one.append('a.ndjson', events(10, 50));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
  });
});
