import { describe, expect, it } from 'vitest';
import type { Pipeline } from '../model/project.js';
import { checkJobs } from './job-sql.js';

const SCHEMAS = { batch: 'batch', stream: 'cutover_stream', served: 'main' };

interface Texts {
  readonly batch?: string;
  readonly stream?: string;
  readonly setup?: string;
}

function pipeline(name: string, after: readonly string[], { batch, stream, setup }: Texts = {}): Pipeline {
  const source = (part: string, text: string): object => ({ path: `${part}.sql`, text });
  return {
    name,
    after,
    batch: { kind: 'sql', sql: source('batch', batch ?? 'SELECT 1 FROM events') },
    stream: {
      kind: 'sql',
      sql: source('stream', stream ?? 'INSERT INTO t SELECT 1 FROM batch_events'),
      ...(setup === undefined ? {} : { setup: source('setup', setup) }),
    },
  } as unknown as Pipeline;
}

function check(texts: Texts, store: 'duckdb' | 'postgres' = 'duckdb'): void {
  checkJobs([pipeline('silver', []), pipeline('other', []), pipeline('gold', ['silver'], texts)], SCHEMAS, store);
}

describe('the SQL of a job', () => {
  it.each([
    ['the other side', { batch: 'SELECT * FROM cutover_stream.gold' }],
    ['its own side by schema', { stream: 'INSERT INTO cutover_stream.gold SELECT 1' }],
    ['the landing', { stream: 'DELETE FROM cutover.landing' }],
    ['the landing in quotes', { batch: 'SELECT * FROM "cutover" /* x */ . "landing"' }],
    ['another case', { batch: 'SELECT * FROM Cutover.LANDING' }],
    ['behind a comma', { batch: 'SELECT 1 FROM events e, cutover.landing l' }],
    ['in a subquery', { batch: 'SELECT (SELECT max(x) FROM cutover_stream.gold) FROM events' }],
    ['the catalog', { batch: 'SELECT * FROM cutover_store.cutover_stream.gold' }],
    ['under an alias of that name', { batch: 'SELECT batch.x FROM batch.gold batch' }],
    ['in an expression', { batch: 'SELECT cutover_stream.gold.x FROM events' }],
    ['the replay', { batch: 'SELECT * FROM cutover_replay.gold' }],
    ['a served view', { batch: 'SELECT * FROM main.gold' }],
    ['a working table', { stream: 'INSERT INTO gold SELECT * FROM cutover_chunk' }],
    ['by the search path', { setup: "SET search_path = 'cutover'" }],
    ['a schema to move a table to', { setup: 'ALTER TABLE gold SET SCHEMA cutover_stream' }],
    ['by USE', { stream: 'USE cutover' }],
    ['a pipeline that it is not after', { batch: 'SELECT * FROM events JOIN other USING (x)' }],
    ['events in a stream job', { stream: 'INSERT INTO gold SELECT * FROM events' }],
    ['batch_events in a batch job', { batch: 'SELECT * FROM batch_events' }],
    ['a table as text', { batch: "SELECT * FROM query_table('cutover_stream.gold')" }],
    ['SQL as text', { stream: "INSERT INTO gold SELECT * FROM range(1), query('FROM cutover.' || 'landing')" }],
    ['SQL as text, qualified', { batch: "SELECT * FROM main.query('FROM cutover_stream.gold')" }],
    [
      'the search path by a function',
      { stream: "SELECT set_config('search_path', 'cutover', true) FROM batch_events" },
    ],
    [
      'the body of a function',
      { setup: 'CREATE FUNCTION f() RETURNS int AS $f$ SELECT x FROM cutover.landing $f$ LANGUAGE sql' },
    ],
    ['a schema', { stream: 'DROP SCHEMA cutover CASCADE' }],
    ['a new schema', { setup: 'CREATE SCHEMA IF NOT EXISTS mine' }],
    ['another schema for its table', { setup: 'ALTER TABLE gold SET SCHEMA cutover_batch' }],
    ['a table of the user’s to write', { stream: 'INSERT INTO main.audit SELECT 1 FROM batch_events' }],
    ['a table of the user’s to update', { stream: 'UPDATE main.audit SET a = 1' }],
    ['a table of the user’s to delete from', { stream: 'DELETE FROM main.audit' }],
    ['a table of the user’s to make', { setup: 'CREATE TABLE IF NOT EXISTS main.audit (a INT)' }],
    ['an index on a table of the user’s', { setup: 'CREATE UNIQUE INDEX i ON main.audit (a)' }],
    ['the micro-batch to change', { stream: 'DELETE FROM batch_events WHERE a IS NULL' }],
    ['events in a setup script', { setup: 'CREATE TABLE gold AS SELECT * FROM events' }],
  ])('may not name %s', (_, texts) => {
    expect(() => {
      check(texts);
    }).toThrow(expect.objectContaining({ code: 'SQL_REACHES_ACROSS' }) as Error);
  });

  it.each([
    ['an alias named like a schema', { batch: 'SELECT batch.x FROM events batch' }],
    ['an alias behind AS', { batch: 'SELECT cutover.x FROM events AS cutover' }],
    ['a common table expression', { batch: 'WITH batch AS (SELECT 1 AS x FROM events) SELECT batch.x FROM batch' }],
    ['an alias of a subquery', { batch: 'SELECT batch.x FROM (SELECT 1 AS x FROM events) batch' }],
    ['a text', { batch: "SELECT 'FROM cutover.landing' FROM events -- cutover.landing" }],
    [
      'the pipeline that it is after',
      { batch: 'SELECT * FROM silver', stream: 'INSERT INTO gold SELECT * FROM silver' },
    ],
    ['a schema of the user', { batch: 'SELECT * FROM events JOIN main.currencies USING (x)' }],
    [
      'a column named events',
      { stream: 'INSERT INTO gold (a, events) SELECT a, events FROM batch_events GROUP BY a, events' },
    ],
    ['a column of another pipeline’s name', { batch: 'SELECT a, other FROM events WHERE other > 1' }],
    [
      'a relation named query',
      { batch: 'WITH query AS (FROM events), query_table(a) AS (FROM query) FROM query_table' },
    ],
    ['a temporary table of its own', { stream: 'CREATE OR REPLACE TEMP TABLE temp.t AS SELECT * FROM batch_events' }],
    [
      'a defining query that joins',
      { stream: 'CREATE OR REPLACE TABLE t AS SELECT * FROM batch_events JOIN main.c ON c.a = batch_events.a' },
    ],
    ['a file to load', { setup: "CREATE TABLE gold (a INT); COPY gold FROM 'start.csv'" }],
    ['a locking read', { stream: 'INSERT INTO gold SELECT g.a FROM gold g FOR UPDATE OF g' }],
    ['a text in dollar quotes', { batch: 'SELECT $$it is$$ FROM events' }],
    ['its own events', { batch: 'WITH batch_events AS (SELECT * FROM events) SELECT * FROM batch_events' }],
    ['information_schema', { batch: 'SELECT * FROM information_schema.tables' }],
    [
      'an upsert',
      {
        stream:
          'INSERT INTO gold SELECT 1 FROM batch_events ON CONFLICT (a) DO UPDATE SET n = gold.n + excluded.n, events = 1',
      },
    ],
  ])('may have %s', (_, texts) => {
    expect(() => {
      check(texts);
    }).not.toThrow();
  });

  it('is refused with its place', () => {
    expect(() => {
      check({ stream: 'INSERT INTO gold SELECT 1;\n  SELECT 1\n  FROM cutover.landing' });
    }).toThrow(expect.objectContaining({ place: { file: 'stream.sql', line: 3, column: 8 } }) as Error);
  });

  it.each([
    'EXPLAIN ANALYZE COMMIT',
    'PREPARE q AS SELECT 1',
    'EXECUTE q',
    "EXPORT DATABASE 'x'",
    "COPY gold TO 'x.csv'",
  ])('may not run %s', (statement) => {
    expect(() => {
      check({ stream: `${statement}; INSERT INTO gold SELECT 1 FROM batch_events` });
    }).toThrow(expect.objectContaining({ code: 'SQL_FAILED' }) as Error);
  });

  it.each(['COMMIT', '-- done\ncommit', '/* x */ BEGIN', 'ROLLBACK', 'end transaction'])(
    'may not control its transaction: %s',
    (word) => {
      expect(() => {
        check({ stream: `INSERT INTO gold SELECT 1;\n${word}` });
      }).toThrow(expect.objectContaining({ code: 'SQL_FAILED' }) as Error);
    },
  );
});

describe('the SQL of a job on PostgreSQL', () => {
  it.each([
    ['a DO block', { stream: `DO $$ BEGIN EXECUTE 'DELETE FROM cutover.landing'; END $$` }],
    ['a procedure', { stream: 'CALL gold()' }],
    ['COPY from a program', { stream: `COPY gold FROM PROGRAM 'cat /etc/passwd'` }],
    ['COPY from the client', { stream: 'COPY gold FROM STDIN' }],
    ['a prepared statement', { stream: 'EXECUTE gold' }],
    ['two phases', { stream: `PREPARE TRANSACTION 'x'` }],
    ['RESET', { stream: 'RESET search_path' }],
    ['SET LOCAL', { stream: 'SET LOCAL search_path TO cutover_batch' }],
    ['set_config', { batch: `SELECT set_config('search_path', 'cutover_stream', false) FROM events` }],
    ['set_config by its schema', { batch: `SELECT pg_catalog.set_config('search_path', 'x', false) FROM events` }],
    ['dblink', { batch: `SELECT * FROM dblink('dbname=x', 'SELECT 1') AS t(x int)` }],
    ['a query as text', { batch: `SELECT query_to_xml('SELECT * FROM cutover_stream.gold', true, true, '')` }],
    ['a table as text', { batch: `SELECT 'cutover_stream.gold'::regclass` }],
    ['locks of the session', { stream: 'SELECT pg_advisory_unlock_all()' }],
    ['another session', { stream: 'SELECT pg_terminate_backend(1)' }],
    ['pg_stats', { batch: 'SELECT * FROM pg_stats' }],
    ['the catalog', { batch: 'SELECT * FROM pg_catalog.pg_class' }],
    ['the information schema', { batch: 'SELECT * FROM information_schema.tables' }],
    ['a working table by its schema', { stream: 'INSERT INTO gold SELECT * FROM pg_temp.batch_events' }],
    ['a name in escapes', { batch: String.raw`SELECT * FROM U&"cut\006fver".landing` }],
    ['a function', { setup: 'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$' }],
    ['a schema', { setup: 'CREATE SCHEMA mine' }],
    ['a materialized view', { setup: 'CREATE MATERIALIZED VIEW gold AS SELECT 1 AS x' }],
    ['rights', { setup: 'GRANT SELECT ON gold TO public' }],
  ])('may not use %s', (_, texts) => {
    expect(() => {
      check(texts, 'postgres');
    }).toThrow(expect.objectContaining({ code: 'SQL_REACHES_ACROSS' }) as Error);
  });

  it.each([
    ['functions of the catalog', { batch: 'SELECT g FROM pg_catalog.generate_series(1, 3) AS g, events' }],
    ['functions that a relation is made of', { batch: 'SELECT * FROM events, pg_sleep(0)' }],
    ['words in texts', { batch: `SELECT 'COPY dblink(cutover.landing)' AS note FROM events` }],
    ['columns named like functions', { batch: 'SELECT dblink, copy FROM events' }],
    [
      'indexes and temporary tables',
      { setup: 'CREATE TABLE gold (x int); CREATE UNIQUE INDEX i ON gold (x); CREATE TEMP TABLE w (x int)' },
    ],
    ['an own schema', { batch: 'SELECT public.f(x) FROM events JOIN public.dimension USING (x)' }],
    ['a bit operation', { batch: 'SELECT u & "x" FROM events u' }],
  ])('may use %s', (_, texts) => {
    check(texts, 'postgres');
  });
});
