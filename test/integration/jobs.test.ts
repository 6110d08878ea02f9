import { describe, expect, it } from 'vitest';
import { POINTS, type Point } from '../../src/shadow/environment.js';
import {
  BATCH_SQL,
  SETUP_SQL,
  STREAM_SQL,
  type TestProject,
  testProjects,
  events,
  expectedTotals,
  failure,
  only,
  perStore,
  totals,
  type ConfigInput,
} from './project.js';

const newProject = testProjects();

function project(pipelines: ConfigInput['pipelines'], rest: Partial<ConfigInput> = {}): TestProject {
  const made = newProject({ pipelines, ...rest });
  return made;
}

const ALL = events(40);

/** A batch program in a language of its own: reads the events' Parquet file, writes the output file. */
const PROGRAM = `
import { DuckDBInstance } from ${JSON.stringify(import.meta.resolve('@duckdb/node-api'))};
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const { CUTOVER_EVENTS, CUTOVER_OUTPUT, CUTOVER_PIPELINE, CUTOVER_CUT } = process.env;
if (CUTOVER_PIPELINE !== 'totals' || JSON.parse(CUTOVER_CUT)['0'] === undefined) process.exit(9);
await connection.run("COPY (SELECT k, count(*) AS n, sum(amount) AS total FROM '" + CUTOVER_EVENTS + "' GROUP BY k) TO '" + CUTOVER_OUTPUT + "' (FORMAT parquet)");
`;

function command(one: TestProject, program: string): string[] {
  return [process.execPath, '--input-type=module', '-e', program, one.root];
}

function commandPipeline(program: string, batch: object = {}): (one: TestProject) => Record<string, object> {
  return (one) =>
    totals({ batch: { command: command(one, program), ...batch }, stream: { sql: STREAM_SQL, setup: SETUP_SQL } });
}

function withCommand(program: string, batch: object = {}): TestProject {
  const one = project(totals());
  one.configure({ pipelines: commandPipeline(program, batch)(one) });
  one.ndjson('a.ndjson', ALL);
  return one;
}

describe('batch jobs', () => {
  it.each(['snapshot', 'copy'])('sql, held by %s', async (hold) => {
    const one = project(totals({ batch: { sql: BATCH_SQL, hold } }));
    one.ndjson('a.ndjson', ALL);
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'pass', matched: 10, alignment: { method: hold, exact: true } });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    expect(await one.query(`SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'hold%'`)).toEqual(
      [],
    );
  });

  it.each(['snapshot', 'copy'])('replay, held by %s', async (hold) => {
    const one = project(totals({ batch: { replay: true, hold }, stream: { sql: STREAM_SQL, setup: SETUP_SQL } }));
    one.ndjson('a.ndjson', ALL.slice(0, 20));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    one.append('a.ndjson', ALL.slice(20));
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'pass', matched: 10, alignment: { method: hold, exact: true } });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it.each(['snapshot', 'copy'])('command, held by %s', async (hold) => {
    const one = withCommand(PROGRAM, { hold });
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'pass', matched: 10, alignment: { method: hold, exact: true } });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it('command is held by copy unless told otherwise', async () => {
    const one = withCommand(PROGRAM);
    expect(only((await one.run()).comparisons).alignment.method).toBe('copy');
  });

  it('a job that ran longer than hold_limit is held by copy from then on', async () => {
    const work = perStore({
      duckdb: '(SELECT max(hash(x)) FROM range(3000000) r(x))',
      postgres: '(SELECT max(hashint8(x)) FROM generate_series(1, 300000) r(x))',
    });
    const slow = BATCH_SQL.replace('GROUP', `WHERE ${work} IS NOT NULL GROUP`);
    const one = project(totals({ batch: { sql: slow, hold_limit: '1ms' } }));
    one.ndjson('a.ndjson', ALL);
    expect(only((await one.run()).comparisons).alignment.method).toBe('snapshot');
    expect((await one.compare()).alignment.method).toBe('copy');
  });

  it.each([
    [
      'exit code',
      'console.error("out of luck"); process.exit(4)',
      {},
      'BATCH_JOB_FAILED',
      /exit code 4[\s\S]*out of luck/,
    ],
    ['timeout', 'setTimeout(() => {}, 60000)', { timeout: '300ms' }, 'BATCH_JOB_FAILED', /longer than 300ms/],
    ['no output', 'void 0', {}, 'BATCH_OUTPUT_MISSING', /wrote no/],
    ['signal', 'process.kill(process.pid, "SIGKILL")', {}, 'BATCH_JOB_FAILED', /SIGKILL/],
    [
      'missing column',
      PROGRAM.replace('count(*) AS n', 'count(*) AS m'),
      {},
      'BATCH_JOB_FAILED',
      /lacks the columns n/,
    ],
  ])('a command that fails by %s is an error, and nothing is published', async (_, program, batch, code, message) => {
    const one = withCommand(program, batch);
    const error = await failure(one.run());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(await one.side('batch')).toEqual([]);
    // No older pass may speak for it: what is stored, if anything, is the failure.
    expect(await one.query(`SELECT id FROM cutover.comparisons WHERE verdict <> 'error'`)).toEqual([]);
    // The events are in: only the cycle failed.
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('a command runs in the folder of the configuration', async () => {
    const one = withCommand(
      `import { realpathSync } from 'node:fs'; if (process.cwd() !== realpathSync(process.argv[1])) process.exit(9);\n${PROGRAM}`,
    );
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });

  it('a command that cannot be started', async () => {
    const one = project(
      totals({ batch: { command: ['/no/such/program'] }, stream: { sql: STREAM_SQL, setup: SETUP_SQL } }),
    );
    one.ndjson('a.ndjson', ALL);
    expect((await failure(one.run())).code).toBe('BATCH_JOB_FAILED');
  });

  it('a command reads CSV and NDJSON outputs too', async () => {
    for (const output of ['csv', 'ndjson']) {
      const program = PROGRAM.replace('(FORMAT parquet)', output === 'csv' ? '(FORMAT csv, HEADER)' : '(FORMAT json)');
      const one = withCommand(program, { output });
      expect(await one.run()).toMatchObject({ verdict: 'pass' });
      expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    }
  });
});

describe('the NDJSON output of a command', () => {
  /** A table of every kind, and what the command writes of it. */
  const SETUP = perStore({
    duckdb:
      'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2), x DOUBLE, t TEXT, j JSON, l DECIMAL(20,4)[], seen TIMESTAMPTZ)',
    postgres:
      'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total NUMERIC(38,2), x DOUBLE PRECISION, t TEXT, j JSON, l NUMERIC(20,4)[], seen TIMESTAMPTZ)',
  });
  const STREAM = 'INSERT INTO totals (k) SELECT k FROM batch_events ON CONFLICT DO NOTHING';
  /** Every member stands in some object. */
  const ALL_MEMBERS = '{"k":"k0","n":null,"total":null,"x":null,"t":null,"j":null,"l":null,"seen":null}';

  const writing = (...lines: (string | Buffer)[]): TestProject => {
    const one = project(totals());
    const bytes = Buffer.concat(lines.map((line) => (typeof line === 'string' ? Buffer.from(line) : line)));
    const program = `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.CUTOVER_OUTPUT, Buffer.from('${bytes.toString('base64')}', 'base64'));`;
    one.configure({
      pipelines: totals({
        batch: { command: command(one, program), output: 'ndjson', events: false },
        stream: { sql: STREAM, setup: SETUP },
      }),
    });
    one.ndjson('a.ndjson', ALL);
    return one;
  };
  /** What the batch side holds, as texts. */
  const written = async (...lines: string[]): Promise<unknown> => {
    const one = writing(...[ALL_MEMBERS, ...lines].map((line) => `${line}\n`));
    await one.run();
    return one.query(
      `SELECT k, CAST(n AS TEXT) AS n, CAST(total AS TEXT) AS total, CAST(x AS TEXT) AS x, t, CAST(j AS TEXT) AS j, CAST(l AS TEXT) AS l,
              CAST(seen AT TIME ZONE 'UTC' AS TEXT) AS seen FROM cutover_batch.totals WHERE k <> 'k0' ORDER BY k`,
    );
  };
  const NOTHING = { n: null, total: null, x: null, t: null, j: null, l: null, seen: null };
  const refusal = async (line: string): Promise<string> =>
    (await failure(writing(`${ALL_MEMBERS}\n`, `${line}\n`).run())).message.split('\n', 1)[0] ?? '';

  it('keeps every digit of a number', async () => {
    expect(
      await written(
        '{"k":"a","n":9223372036854775807,"total":12345678901234567890.12,"x":0.1,"t":12345678901234567890.123}',
        '{"k":"b","n":-9223372036854775808,"total":123456789012345678901234567890123456.78,"x":1.7976931348623157e308}',
        '{"k":"c","n":9007199254740993,"total":9007199254740993,"x":5e-324}',
        '{"k":"d","n":1.5e1,"total":1234567.5E-1,"x":-2e3}',
        '{"k":"e","n":7.00,"total":-0.010,"x":1E+2}',
      ),
    ).toMatchObject([
      { k: 'a', n: '9223372036854775807', total: '12345678901234567890.12', x: '0.1', t: '12345678901234567890.123' },
      { k: 'b', n: '-9223372036854775808', total: '123456789012345678901234567890123456.78' },
      { k: 'c', n: '9007199254740993', total: '9007199254740993.00', x: '5e-324' },
      { k: 'd', n: '15', total: '123456.75', x: perStore({ duckdb: '-2000.0', postgres: '-2000' }) },
      { k: 'e', n: '7', total: '-0.01', x: perStore({ duckdb: '100.0', postgres: '100' }) },
    ]);
  });

  it('keeps texts, JSON and lists as they are written', async () => {
    const rows = await written(
      '{"k":"a","t":"007","j":"1.50","l":[12345678901234.1234,null,"0.5"]}',
      String.raw`{"k":"b","t":"\u00011.5","j":{"a":12345678901234567890.123,"b":"\u00011.5","c":[1e400]},"l":[]}`,
      String.raw`{"k":"c","t":"\u0001\u00011.5 \\u0001 \" 12345678901234567890.5","j":12345678901234567890.12}`,
      '{"k":"d","seen":"2024-01-01T02:00:00.123456+02:00","j":[true,null]}',
      '{"k":"e"}',
      '',
      '{"k":"f","n":null,"t":null,"j":null,"l":null}',
    );
    expect(rows).toEqual([
      {
        ...NOTHING,
        k: 'a',
        t: '007',
        j: '"1.50"',
        l: perStore({ duckdb: '[12345678901234.1234, NULL, 0.5000]', postgres: '{12345678901234.1234,NULL,0.5000}' }),
      },
      {
        ...NOTHING,
        k: 'b',
        t: '\u00011.5',
        j: String.raw`{"a":12345678901234567890.123,"b":"\u00011.5","c":[1e400]}`,
        l: perStore({ duckdb: '[]', postgres: '{}' }),
      },
      { ...NOTHING, k: 'c', t: '\u0001\u00011.5 \\u0001 " 12345678901234567890.5', j: '12345678901234567890.12' },
      { ...NOTHING, k: 'd', seen: '2024-01-01 00:00:00.123456', j: '[true,null]' },
      { ...NOTHING, k: 'e' },
      { ...NOTHING, k: 'f' },
    ]);
  });

  it.each([
    ['{"k":"a","x":1e400}', /(1e400|out of range)/],
    ['{"k":"a","x":1e-400}', /(1e-400|out of range)/],
    ['{"k":"a","n":1.5}', /wrote 1\.5 in the column n, which its type \w+ cannot hold without loss/],
    ['{"k":"a","n":1e-20}', /wrote 1e-20 in the column n/],
    ['{"k":"a","n":9223372036854775808}', /does not fit|cannot hold/],
    ['{"k":"a","total":1.239}', /wrote 1\.239 in the column total/],
    ['{"k":"a","total":"1e-20"}', /wrote 1e-20 in the column total/],
    [
      '{"k":"a","total":123456789012345678901234567890.123}',
      /wrote 123456789012345678901234567890\.123 in the column total/,
    ],
    ['{"k":"a","l":[1.23456]}', /in the column l/],
    ['{"k":"a","l":5}', /does not fit/],
    ['{"k":"a","seen":"2024-01-01T00:00:00.1234567Z"}', /wrote 2024-01-01T00:00:00\.1234567Z in the column seen/],
    ['{"k":"a","total":"many"}', /does not fit|wrote many in the column total/],
    ['{"k":"a","k":"b"}', /line 2 is no object, or names a member twice: {"k":"a","k":"b"}/],
    ['[1]', /line 2 is no object/],
    ['{"k":"a"', /line 2 is not JSON/],
    [String.raw`{"k":"\ud800"}`, /line 2 is not JSON/],
    ['{"k":"a\u0000"}', /line 2 is not JSON/],
    ['\n\n{"k":"a"}\n{"k":"b" "n":1}', /line 5 is not JSON/],
  ])('refuses %s', async (line, message) => {
    expect(await refusal(line)).toMatch(message);
  });

  it('that is no UTF-8 or begins with a byte order mark is refused by the number of its line', async () => {
    const message = async (...lines: (string | Buffer)[]): Promise<string> =>
      (await failure(writing(...lines).run())).message;
    expect(await message(`${ALL_MEMBERS}\n`, Buffer.from('{"k":"\xff"}\n', 'latin1'))).toMatch(
      /line 2 is not JSON: invalid UTF-8/,
    );
    expect(await message(`\ufeff${ALL_MEMBERS}\n`)).toMatch(/line 1 is not JSON: byte order mark/);
  });

  it('may hold the character U+0000 where the store can', async () => {
    const line = String.raw`{"k":"a","t":"x\u0000y"}`;
    if (perStore({ duckdb: true, postgres: false }))
      expect(await written(line)).toEqual([{ ...NOTHING, k: 'a', t: 'x\u0000y' }]);
    else expect(await refusal(line)).toMatch(/wrote x\\u0000y in the column t/);
  });

  it('may be empty', async () => {
    const one = writing('\n');
    await one.run();
    expect(await one.side('batch')).toEqual([]);
  });
});

describe('errors in jobs', () => {
  it('name file, line and column of the statement in a batch query', async () => {
    const one = project(totals({ batch: { sql: 'batch.sql' } }));
    one.file('batch.sql', `-- totals\n\nSELECT k, count(*) AS n,\n  sum(amuont) AS total\nFROM events GROUP BY k\n`);
    one.ndjson('a.ndjson', ALL);
    const error = await failure(one.run());
    expect(error.code).toBe('SQL_FAILED');
    expect(error.message).toContain('amuont');
    expect(error.place).toMatchObject({ line: 4, column: 7 });
    expect(error.place?.file).toMatch(/batch\.sql$/);
  });

  it('name the statement in a stream script, and roll the micro-batch back', async () => {
    const one = project(totals({ stream: { sql: 'stream.sql' } }));
    one.file('stream.sql', `${STREAM_SQL}\n-- then; a mistake\nUPDATE totals\n  SET m = 1;\n`);
    one.ndjson('a.ndjson', ALL);
    const error = await failure(one.run());
    expect(error.code).toBe('SQL_FAILED');
    // PostgreSQL tells the column that is missing, DuckDB the statement.
    expect(error.place).toMatchObject({ line: perStore({ duckdb: 5, postgres: 6 }) });
    expect(await one.side('stream')).toEqual([]);
    expect(await one.query('SELECT count(*) AS n FROM cutover.landing')).toEqual([{ n: '0' }]);
  });

  it('refuse a batch job of two statements', async () => {
    const one = project(totals({ batch: { sql: `${BATCH_SQL}; SELECT 1` } }));
    one.ndjson('a.ndjson', ALL);
    expect((await failure(one.run())).message).toMatch(/2 statements/);
  });

  it('name a key column that the jobs do not give', async () => {
    const one = project(totals({ key: ['customer'] }));
    one.ndjson('a.ndjson', ALL);
    expect((await failure(one.run())).code).toBe('KEY_COLUMN_MISSING');
  });

  it('name a column whose type differs between the sides', async () => {
    const setup = 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total BOOLEAN)';
    const sql = `INSERT INTO totals SELECT k, count(*), true FROM batch_events GROUP BY k ON CONFLICT DO NOTHING`;
    const one = project(totals({ stream: { sql, setup } }));
    one.ndjson('a.ndjson', ALL);
    const error = await failure(one.run());
    expect(error.code).toBe('TYPE_MISMATCH');
    expect(error.message).toContain('total');
  });
});

const REDUCER = `export default {
  key: (event) => ({ k: event.k }),
  reduce: (row, event) => ({
    n: Number(row?.n ?? 0) + 1,
    total: ((Math.round(Number(row?.total ?? 0) * 100) + Math.round(Number(event.amount) * 100)) / 100).toFixed(2),
  }),
};
`;

describe('reducers', () => {
  const reducer = (text: string, name = 'reducer.js', all: readonly object[] = ALL): TestProject => {
    const one = project(totals({ stream: { module: name } }));
    one.file('package.json', '{ "type": "module" }');
    one.file(name, text);
    one.ndjson('a.ndjson', all);
    return one;
  };

  it('in JavaScript give what the SQL job gives', async () => {
    const one = reducer(REDUCER);
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('in TypeScript, across restarts', async () => {
    const typed = REDUCER.replace('(row, event)', '(row: Row, event: { k: string; amount: string })');
    const one = reducer(`type Row = { n: string; total: string } | null;\n${typed}`, 'reducer.ts', ALL.slice(0, 17));
    await one.run();
    one.append('a.ndjson', ALL.slice(17));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('that throw roll the micro-batch back and name partition and offset', async () => {
    const one = reducer(
      REDUCER.replace(
        'reduce: (row, event) => (',
        'reduce: (row, event) => { if (event.id === "9") throw new Error("nine"); return (',
      ).replace('  }),\n};', '  }); },\n};'),
    );
    const error = await failure(one.run());
    expect(error.code).toBe('STREAM_JOB_FAILED');
    expect(error.message).toContain('partition 0, offset 9: nine');
    // Micro-batches hold 7 events: the first is in, the second is not.
    expect(await one.side('stream')).toEqual(expectedTotals(ALL.slice(0, 7)));
    expect(await one.query('SELECT count(*) AS n FROM cutover.landing')).toEqual([{ n: '7' }]);
  });

  it('remove rows by returning null, and leave out events without a key', async () => {
    const one = reducer(
      `export default {
  key: (event) => (event.k === 'k3' ? null : { k: event.k }),
  reduce: (row, event) => (Number(row?.n ?? 0) === 2 ? null : { n: Number(row?.n ?? 0) + 1, total: '0' }),
};`,
    );
    await one.run();
    // Each key has 4 events: 1, 2, removed, 1.
    const rows = await one.side('stream');
    expect(rows).toHaveLength(9);
    expect(new Set(rows.map((row) => row['n']))).toEqual(new Set(['1']));
  });

  it('that return a column which the table does not have are an error', async () => {
    const one = reducer(REDUCER.replace('n: Number', 'm: 1, n: Number'));
    const error = await failure(one.run());
    expect(error.code).toBe('STREAM_JOB_FAILED');
    expect(error.message).toMatch(/\bm\b/);
    expect(error.message).toContain('partition 0, offset 0');
  });

  it.each([
    ['n: Number(row?.n ?? 0) + 0.5, total: "0"', '0.5', 'n'],
    ['n: 1, total: Number(event.amount) / 3', '', 'total'],
  ])('that return a value which the column would round are an error: %s', async (fields, value, column) => {
    const one = reducer(`export default { key: ({ k }) => ({ k }), reduce: (row, event) => ({ ${fields} }) };`);
    const error = await failure(one.run());
    expect(error.code).toBe('STREAM_JOB_FAILED');
    expect(error.message).toContain(`the value ${value}`);
    expect(error.message).toContain(`of ${column} does not fit its type`);
  });

  it('may import the package by its name wherever they stand', async () => {
    const one = reducer(
      `import { defineReducer } from 'cutover';\n${REDUCER.replace('export default {', 'export default defineReducer({').replace(/};\s*$/, '});')}`,
      'reducer.ts',
    );
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });

  it('may give one key in several forms', async () => {
    const one = project({
      totals: {
        key: 'day',
        batch: { sql: 'SELECT day, count(*) AS n FROM events GROUP BY day' },
        stream: { module: 'reducer.js' },
        gate: { consecutive_passes: 1 },
      },
    });
    one.file(
      'reducer.js',
      `export default {
  key: (event) => ({ day: Math.floor(event.id / 4) % 2 === 0 ? event.day : event.day + ' 00:00:00' }),
  reduce: (row) => ({ n: Number(row?.n ?? 0) + 1 }),
};`,
    );
    one.file('package.json', '{ "type": "module" }');
    one.ndjson('a.ndjson', ALL);
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });

  it.each(['export default 1;', 'export const key = 1;', 'syntax error here', 'throw new Error("at load")'])(
    'that are none are an error: %s',
    async (text) => {
      expect((await failure(reducer(text).run())).code).toBe('STREAM_JOB_FAILED');
    },
  );
});

describe('the points of a run', () => {
  it('are all reached by the parts that have them', async () => {
    const one = project(totals());
    one.ndjson('a.ndjson', ALL);
    const seen = new Set<Point>();
    const reached = (point: Point): Promise<void> => {
      seen.add(point);
      return Promise.resolve();
    };
    await one.run({ reached });
    expect([...seen].sort()).toEqual(POINTS.filter((point) => !/^(?:rebuild|retry|view)/.test(point)).sort());
  });
});
