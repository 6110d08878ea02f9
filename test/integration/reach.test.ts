import { describe, expect, it } from 'vitest';
import { rebuild } from '../../src/app/rebuild.js';
import {
  BATCH_SQL,
  STREAM_SQL,
  SETUP_SQL,
  type TestProject,
  testProjects,
  events,
  failure,
  only,
  totals,
} from './project.js';

const newProject = testProjects();

const ONE_MICRO_BATCH =
  'all events came in one micro-batch: how the stream job changes rows that it wrote before was not tried (ingest.max_events sets the size)';

/** A project that ran once with jobs that agree. */
async function standing(): Promise<TestProject> {
  const one = newProject({ pipelines: totals() });
  one.ndjson('a.ndjson', events(10));
  await one.run();
  return one;
}

describe('what a job reads', () => {
  it.each([
    ['the stream side', 'SELECT * FROM cutover_stream.totals'],
    ['the served view', 'SELECT * FROM main.totals'],
    ['its own last result', 'SELECT * FROM cutover_batch.totals'],
  ])('a batch job may not read %s through a view', async (_, query) => {
    const one = await standing();
    await one.query(`CREATE VIEW main.report AS ${query}`);
    one.configure({ pipelines: totals({ batch: { sql: 'SELECT k, n, total FROM main.report' } }) });
    one.append('a.ndjson', events(10, 10));
    const error = await failure(one.run());
    expect(error.code).toBe('SQL_REACHES_ACROSS');
    expect(error.place?.file).toContain('cutover.yaml');
  });

  it.each([
    ['the landing', 'SELECT * FROM cutover.landing'],
    ['the batch side', "SELECT k, 1 AS id, DATE '2026-01-01' AS day, total AS amount FROM cutover_batch.totals"],
  ])('a stream job may not read %s through a view', async (_, query) => {
    const one = await standing();
    await one.query(`CREATE VIEW main.report AS ${query}`);
    const sql = STREAM_SQL.replace(
      'FROM batch_events',
      'FROM (SELECT k, amount FROM batch_events UNION ALL SELECT k, amount FROM main.report) b',
    );
    one.configure({ pipelines: totals({ stream: { sql } }) });
    expect((await failure(rebuild(one.context(), 'totals'))).code).toBe('SQL_REACHES_ACROSS');
  });

  it('tables of the user may be read', async () => {
    const one = await standing();
    await one.query('CREATE TABLE main.names AS SELECT DISTINCT k FROM cutover_batch.totals');
    one.configure({
      pipelines: totals({ batch: { sql: BATCH_SQL.replace('FROM events', 'FROM events JOIN main.names USING (k)') } }),
    });
    expect((await one.run()).verdict).toBe('pass');
  });

  it('a batch job that does not read the events is noted', async () => {
    const one = newProject({
      pipelines: totals({
        batch: { sql: "SELECT 'k0' AS k, CAST(1 AS BIGINT) AS n, CAST(0 AS DECIMAL(38,2)) AS total" },
      }),
    });
    one.ndjson('a.ndjson', events(1));
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'pass',
      notes: ['the batch job does not read `events`: its result does not depend on what arrived', ONE_MICRO_BATCH],
    });
  });

  it('a stream job that does not read its micro-batch is noted', async () => {
    const one = newProject({
      pipelines: totals({
        stream: { setup: SETUP_SQL, sql: "INSERT INTO totals VALUES ('k0', 1, 0) ON CONFLICT DO NOTHING" },
      }),
    });
    one.ndjson('a.ndjson', events(1));
    expect(only((await one.run()).comparisons).notes).toEqual([
      'the stream job does not read `batch_events`: its table does not depend on what arrived',
      ONE_MICRO_BATCH,
    ]);
  });

  it('a stream job that met no row of its own yet is noted, and a rebuild does not hide it', async () => {
    // Right for one micro-batch, wrong for two.
    const sql = STREAM_SQL.replace('t.total + excluded.total', 'excluded.total');
    const one = newProject({ pipelines: totals({ stream: { sql } }), ingest: { max_events: 1000 } });
    one.ndjson('a.ndjson', events(100));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', notes: [ONE_MICRO_BATCH] });
    one.append('a.ndjson', events(20, 100));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'fail', value_mismatch: 10, notes: [] });
    await rebuild(one.context(), 'totals');
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'fail', value_mismatch: 10 });
  });
});
