import { describe, expect, it } from 'vitest';
import { rebuild } from '../../src/app/rebuild.js';
import { type TestProject, testProjects, events, failure, only, totals } from './project.js';

const newProject = testProjects();

/** A batch program that writes the given query over the events' file. */
function command(select: string, format: string): string[] {
  const program = `
import { DuckDBInstance } from ${JSON.stringify(import.meta.resolve('@duckdb/node-api'))};
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const [select, format] = process.argv.slice(-2);
await connection.run('COPY (' + select.replaceAll('EVENTS', "'" + process.env.CUTOVER_EVENTS + "'") + ") TO '" + process.env.CUTOVER_OUTPUT + "' (FORMAT " + format + ')');
`;
  return [process.execPath, '--input-type=module', '-e', program, select, format === 'ndjson' ? 'json' : format];
}

function configured(select: string, format: string, setup: string, stream: string): Record<string, object> {
  return totals({ batch: { command: command(select, format), output: format }, stream: { setup, sql: stream } });
}

const SETUP = 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT)';
const STREAM = `INSERT INTO totals AS t SELECT k, count(*) FROM batch_events GROUP BY k ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n`;

function project(pipelines: Record<string, object>): TestProject {
  const one = newProject({ pipelines });
  one.ndjson('a.ndjson', events(40));
  return one;
}

describe('the output of a batch command', () => {
  it.each(['parquet', 'csv', 'ndjson'])('is not rounded into agreement (%s)', async (format) => {
    const one = project(configured('SELECT k, count(*) + 0.4 AS n FROM EVENTS GROUP BY k', format, SETUP, STREAM));
    const error = await failure(one.run());
    expect(error.code).toBe('BATCH_JOB_FAILED');
    expect(error.message).toMatch(/4\.4 in the column n, which its type BIGINT cannot hold without loss/i);
  });

  it.each(['parquet', 'csv', 'ndjson'])('that does not fit the types is a coded error (%s)', async (format) => {
    const one = project(configured("SELECT k, 'many' AS n FROM EVENTS GROUP BY k", format, SETUP, STREAM));
    expect(await failure(one.run())).toMatchObject({ code: 'BATCH_JOB_FAILED' });
  });

  it.each(['parquet', 'csv', 'ndjson'])('keeps texts that look like something else (%s)', async (format) => {
    const texts = `CASE k WHEN 'k0' THEN '007' WHEN 'k1' THEN '' WHEN 'k2' THEN '1.50' WHEN 'k3' THEN '2024-01-01T00:00:00Z' WHEN 'k4' THEN 'true' ELSE k END`;
    const one = project(
      configured(
        `SELECT ${texts} AS k, count(*) AS n FROM EVENTS GROUP BY ALL`,
        format,
        SETUP,
        STREAM.replace('SELECT k,', `SELECT ${texts},`).replace('GROUP BY k', 'GROUP BY 1'),
      ),
    );
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
  });

  it('is compared in the columns that the stream table has now, not in those of former code', async () => {
    const one = project(configured('SELECT k, count(*) AS n FROM EVENTS GROUP BY k', 'parquet', SETUP, STREAM));
    expect(only((await one.run()).comparisons).verdict).toBe('pass');
    one.configure({
      pipelines: configured(
        'SELECT k, count(*) AS n, sum(amount) AS total FROM EVENTS GROUP BY k',
        'parquet',
        'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2))',
        STREAM.replace('count(*)', 'count(*), 0'),
      ),
    });
    await rebuild(one.context(), 'totals');
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'fail', value_mismatch: 10 });
  });
});

describe('a replay', () => {
  it('takes events in their order of arrival, whatever partitions they came from', async () => {
    const one = newProject({
      pipelines: totals({
        batch: { replay: true },
        stream: { setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, last BIGINT)', module: 'last.mjs' },
      }),
    });
    one.file('last.mjs', `export default { key: () => ({ k: 'all' }), reduce: (row, event) => ({ last: event.id }) };`);
    one.ndjson('a.ndjson', events(1, 0));
    await one.run();
    one.ndjson('b.ndjson', events(1, 1));
    await one.run();
    one.append('a.ndjson', events(1, 2));
    await one.run();
    one.append('b.ndjson', events(1, 3));
    await one.run();
    one.append('a.ndjson', events(1, 4));
    one.append('b.ndjson', []);
    await one.run();
    one.append('b.ndjson', events(1, 5));
    await one.run();
    one.append('a.ndjson', events(1, 6));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 1 });
    expect(await one.side('batch')).toEqual([{ k: 'all', last: '6' }]);
  });

  it('is not stopped by what an ended one left behind', async () => {
    const one = newProject({
      pipelines: totals({ batch: { replay: true, hold: 'copy' }, stream: { setup: SETUP, sql: STREAM } }),
    });
    one.ndjson('a.ndjson', events(40));
    await one.run();
    await one.query('CREATE SCHEMA cutover_replay');
    await one.query('CREATE TABLE cutover_replay.totals (k TEXT)');
    one.append('a.ndjson', events(10, 40));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
  });
});
