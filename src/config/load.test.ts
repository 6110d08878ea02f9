import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CutoverError } from '../model/errors.js';
import { findConfig, loadProject } from './load.js';

/** The example of docs/configuration.md and docs/design.md. */
const EXAMPLE = `version: 1
store: { kind: duckdb, path: .cutover/cutover.duckdb }     # or { kind: postgres, url: \${DATABASE_URL} }
log:
  kind: file                                               # or kafka: { brokers: [...], topics: [...], group: cutover, format: json }
  path: fixtures/flights/*.parquet                         # parquet, csv, ndjson; one partition per file, offset = row number
  schema: { event_id: text, amount: "decimal(18,2)", timestamp: timestamptz }   # needed for JSON
  event_time: timestamp
ingest: { max_events: 10000, max_wait: 1s }
pipelines:
  daily_metrics:
    key: [event_date, event_type]
    batch:  { sql: sql/daily_metrics.batch.sql, every: 15m }
    stream: { sql: sql/daily_metrics.stream.sql, setup: sql/daily_metrics.setup.sql }
    compare:
      columns:
        avg_amount: { relative: 1e-9, because: "float sum order" }
        refreshed_at: { ignore: true, because: "run time", until: 2027-01-31 }
    gate:   { max_mismatch_rate: 0, min_keys: 100, consecutive_passes: 3, max_age: 1h }
    canary: { steps: [1, 5, 10, 25, 50, 100], dwell: { cycles: 3 }, approve: [50, 100], rollback_at: 0.001, auto: false }
`;

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'cutover-config-'));
  await mkdir(path.join(root, 'sql'));
  for (const part of ['batch', 'stream', 'setup'])
    await writeFile(path.join(root, `sql/daily_metrics.${part}.sql`), `-- ${part}\n`);
  await writeFile(path.join(root, 'reducer.mjs'), 'export default {};\n');
});

afterEach(() => rm(root, { recursive: true }));

async function load(text: string, env: NodeJS.ProcessEnv = {}) {
  const file = path.join(root, 'cutover.yaml');
  await writeFile(file, text);
  return loadProject(file, env);
}

async function errorOf(work: Promise<unknown>): Promise<CutoverError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CutoverError)) throw new Error(`expected a CutoverError, got ${String(error)}`);
  return error;
}

const pipelines = (body: string): string => `version: 1\nlog: { path: a.csv }\npipelines:\n${body}`;
const minimal = (name: string, more = ''): string =>
  `  ${name}: { key: id, batch: { sql: select 1 }, stream: { sql: select 2 }${more} }\n`;

describe('loadProject', () => {
  it('reads the example', async () => {
    const source = (part: string) => ({ path: path.join(root, `sql/daily_metrics.${part}.sql`), text: `-- ${part}\n` });
    expect(await load(EXAMPLE)).toEqual({
      file: path.join(root, 'cutover.yaml'),
      root,
      store: {
        kind: 'duckdb',
        path: path.join(root, '.cutover/cutover.duckdb'),
        schemas: { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' },
        memoryLimit: null,
      },
      log: {
        kind: 'file',
        paths: [path.join(root, 'fixtures/flights/*.parquet')],
        schema: [
          { name: 'event_id', type: 'text' },
          { name: 'amount', type: 'decimal(18,2)' },
          { name: 'timestamp', type: 'timestamptz' },
        ],
        eventTime: 'timestamp',
      },
      ingest: { maxEvents: 10_000, maxWait: 1000, maxQuarantined: 0 },
      landing: { keep: null },
      views: [],
      pipelines: [
        {
          name: 'daily_metrics',
          key: ['event_date', 'event_type'],
          after: [],
          batch: {
            kind: 'sql',
            sql: source('batch'),
            schedule: { every: 900_000 },
            hold: 'snapshot',
            holdLimit: 600_000,
          },
          stream: { kind: 'sql', sql: source('stream'), setup: source('setup') },
          compare: {
            columns: {
              avg_amount: { relative: 1e-9, because: 'float sum order' },
              refreshed_at: { ignore: true, because: 'run time', until: '2027-01-31' },
            },
          },
          profile: { sums: false },
          gate: { maxMismatchRate: 0, minKeys: 100, consecutivePasses: 3, maxAge: 3_600_000 },
          canary: {
            steps: [1, 5, 10, 25, 50, 100],
            dwell: { cycles: 3 },
            approve: [50, 100],
            rollbackAt: 0.001,
            auto: false,
            salt: 'daily_metrics',
          },
        },
      ],
    });
  });

  it('fills in every default', async () => {
    const project = await load(pipelines(minimal('p')));
    expect(project.store).toEqual({
      kind: 'duckdb',
      path: path.join(root, '.cutover/cutover.duckdb'),
      schemas: { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' },
      memoryLimit: null,
    });
    expect(project.log).toEqual({ kind: 'file', paths: [path.join(root, 'a.csv')] });
    expect(project.ingest).toEqual({ maxEvents: 10_000, maxWait: 1000, maxQuarantined: 0 });
    const file = path.join(root, 'cutover.yaml');
    expect(project.pipelines).toEqual([
      {
        name: 'p',
        key: ['id'],
        after: [],
        batch: {
          kind: 'sql',
          sql: { path: file, text: 'select 1', firstLine: 4 },
          schedule: { every: 900_000 },
          hold: 'snapshot',
          holdLimit: 600_000,
        },
        stream: { kind: 'sql', sql: { path: file, text: 'select 2', firstLine: 4 } },
        compare: { columns: {} },
        profile: { sums: false },
        gate: { maxMismatchRate: 0, minKeys: 1, consecutivePasses: 3, maxAge: 3_600_000 },
        canary: {
          steps: [1, 5, 10, 25, 50, 100],
          dwell: { cycles: 3 },
          approve: [],
          rollbackAt: 0.001,
          auto: false,
          salt: 'p',
        },
      },
    ]);
  });

  it('reads commands, replays, modules, schedules and partitions', async () => {
    const project = await load(
      pipelines(`  a:
    key: id
    batch: { command: [python, job.py], code: [reducer.mjs], cron: "*/5 * * * *", timeout: 2h, output: csv, hold_limit: 1m, events: false }
    stream: { module: reducer.mjs }
  b:
    key: id
    batch: { replay: true, hold: copy }
    stream: { module: reducer.mjs }
  c:
    key: id
    batch: { sql: select 1, partition_by: "day of" }
    stream: { sql: select 1 }
  d:
    key: id
    batch: { sql: select 1, partition_by: { column: day, from: ts::date, full_every: 7d } }
    stream: { sql: select 1 }
`),
    );
    const module = { path: path.join(root, 'reducer.mjs'), text: 'export default {};\n' };
    const [a, b, c, d] = project.pipelines;
    expect(a?.batch).toEqual({
      kind: 'command',
      argv: ['python', 'job.py'],
      output: 'csv',
      timeout: 7_200_000,
      events: false,
      code: [module],
      schedule: { cron: '*/5 * * * *' },
      hold: 'copy',
      holdLimit: 60_000,
    });
    expect(a?.stream).toEqual({ kind: 'module', module });
    expect(b?.batch).toMatchObject({ kind: 'replay', hold: 'copy' });
    expect(c?.batch.partitionBy).toEqual({ column: 'day of', from: '"day of"', fullEvery: 86_400_000 });
    expect(d?.batch.partitionBy).toEqual({ column: 'day', from: 'ts::date', fullEvery: 604_800_000 });
  });

  it('keeps decimals and dates as they are written', async () => {
    const rules = `{ columns: { a: { absolute: 0.12345678901234567890, because: x }, b: { absolute: "1e-9", because: x },
      c: { absolute: 5e-1, because: x, until: 2028-02-29 }, d: { null_equals: zero, set: true }, e: { absolute: 0x10, because: x } } }`;
    const project = await load(pipelines(minimal('p', `, compare: ${rules}`)));
    expect(project.pipelines[0]?.compare.columns).toEqual({
      a: { absolute: '0.1234567890123456789', because: 'x' },
      b: { absolute: '0.000000001', because: 'x' },
      c: { absolute: '0.5', because: 'x', until: '2028-02-29' },
      d: { nullEquals: 'zero', set: true },
      e: { absolute: '16', because: 'x' },
    });
  });

  it('takes rules by pattern, a filter and other names', async () => {
    const rules = `{ where: { batch: "a > 1" }, map: { x: y }, columns: { "*_at": { within: 2s, because: x }, b: { round: -1, because: x },
      c: { case: ignore, whitespace: collapse, until: 2028-02-29 }, d: { ignore_paths: $.a, because: x } } }`;
    const compare = async (text: string): Promise<unknown> =>
      (await load(pipelines(minimal('p', `, compare: ${text}`)))).pipelines[0]?.compare;
    expect(await compare(rules)).toEqual({
      where: { batch: 'a > 1' },
      map: { x: 'y' },
      columns: {
        '*_at': { within: 2000, because: 'x' },
        b: { round: -1, because: 'x' },
        c: { case: 'ignore', whitespace: 'collapse', until: '2028-02-29' },
        d: { ignorePaths: ['$.a'], because: 'x' },
      },
    });
    expect(await compare('{ where: "a > 1" }')).toEqual({ columns: {}, where: { batch: 'a > 1', stream: 'a > 1' } });
  });

  it('keeps the order of declared columns, number-like names included', async () => {
    const project = await load(
      `version: 1\nlog: { path: a.csv, schema: { z: text, "10": "bigint[]", "2": "decimal( 5, 0 )" } }\npipelines:\n${minimal('p')}`,
    );
    expect(project.log?.schema).toEqual([
      { name: 'z', type: 'text' },
      { name: '10', type: 'bigint[]' },
      { name: '2', type: 'decimal(5,0)' },
    ]);
  });

  it('puts pipelines after those they read, and keeps the order of the file otherwise', async () => {
    const text = minimal('d', ', after: [c, a]') + minimal('a') + minimal('c', ', after: b') + minimal('b');
    expect((await load(pipelines(text))).pipelines.map((pipeline) => pipeline.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('understands anchors, aliases and merged maps, and shows problems at the right place', async () => {
    const good = `  a: &a { key: id, batch: { sql: select 1 }, stream: { sql: select 2 } }\n  b: { <<: *a, key: other }\n`;
    expect((await load(pipelines(good))).pipelines.map((pipeline) => pipeline.key)).toEqual([['id'], ['other']]);
    const bad = await errorOf(load(pipelines(good.replace('select 2', '7'))));
    expect(bad.message.split('\n')).toEqual([
      `${bad.place?.file ?? ''}:4:61 pipelines.a.stream.sql: must be text, not 7`,
      `${bad.place?.file ?? ''}:4:61 pipelines.b.stream.sql: must be text, not 7`,
    ]);
  });
});

describe('variables', () => {
  it('are put in, unquoted inside braces too, and turned into numbers and truth values where those are wanted', async () => {
    const text = `version: \${V}
store: { kind: duckdb, path: \${DIR}/x.duckdb }
log: { path: [ \${GLOB:-a, b.csv}, "$\${plain}" ] }
ingest: { max_events: \${N}, max_wait: \${WAIT} }
pipelines:
${minimal('p', ', canary: { auto: ${AUTO}, salt: ${N}, steps: [${STEP}, 100] }, compare: { columns: { x: { absolute: ${TOLERANCE}, because: y } } }')}`;
    const env = {
      V: '1',
      DIR: '/data',
      N: '500',
      WAIT: '3s',
      AUTO: 'true',
      STEP: '0.5',
      TOLERANCE: '0.10000000000000000001',
    };
    const project = await load(text, env);
    expect(project.store).toMatchObject({ path: '/data/x.duckdb' });
    expect(project.log).toMatchObject({ paths: [path.join(root, 'a, b.csv'), path.join(root, '${plain}')] });
    expect(project.ingest).toMatchObject({ maxEvents: 500, maxWait: 3000 });
    expect(project.pipelines[0]?.canary).toMatchObject({ auto: true, salt: '500', steps: [0.5, 100] });
    expect(project.pipelines[0]?.compare.columns['x']?.absolute).toBe('0.10000000000000000001');
  });

  it('never bring structure', async () => {
    const error = await errorOf(
      load(pipelines(minimal('p', ', canary: { steps: "${STEPS}" }')), { STEPS: '[1, 100]' }),
    );
    expect(error.message).toMatch(/pipelines\.p\.canary\.steps: must be a list, not the value of \$\{STEPS\}$/);
    const project = await load(pipelines(minimal('p', ', canary: { salt: ${SALT} }')), {
      SALT: 'a: {b: 1} # c\nd: *e',
    });
    expect(project.pipelines[0]?.canary.salt).toBe('a: {b: 1} # c\nd: *e');
  });

  it('are never shown: they may be secret', async () => {
    const text = `${pipelines(minimal('p', ', gate: { min_keys: ${A} }'))}store: { kind: "x\${B}" }\ningest: { max_wait: 1s, max_events: \${C} }\n`;
    const error = await errorOf(load(text, { A: 'hush', B: 'hush', C: '-77' }));
    expect(error.message.split('\n').map((line) => line.replace(/^.*cutover\.yaml/, ''))).toEqual([
      ':4:88 pipelines.p.gate.min_keys: must be a number, not the value of ${A}',
      ':5:16 store.kind: the value of x${B} is not known; known are: duckdb, postgres',
      ':6:37 ingest.max_events: must be at least 1, not the value of ${C}',
    ]);
  });

  it('that are not set are named with their place, and hide only what follows from them', async () => {
    const error = await errorOf(load(pipelines(minimal('p', ', gate: { min_keys: ${MIN}, max_ag: 1h }'))));
    expect(error.code).toBe('CONFIG_VARIABLE_UNSET');
    expect(error.place).toMatchObject({ line: 4, column: 88, path: 'pipelines.p.gate.min_keys' });
    expect(error.message.split('\n').map((line) => line.replace(/^.*cutover\.yaml/, ''))).toEqual([
      ':4:88 pipelines.p.gate.min_keys: the environment variable MIN is not set and has no default',
      ':4:96 pipelines.p.gate.max_ag: unknown key; did you mean "max_age"?',
    ]);
  });
});

describe('files', () => {
  it('that are missing are named with line and path', async () => {
    const error = await errorOf(load(EXAMPLE.replace('metrics.setup.sql', 'metrics.set.sql')));
    expect(error.code).toBe('CONFIG_FILE_MISSING');
    expect(error.place).toMatchObject({ line: 13, path: 'pipelines.daily_metrics.stream.setup' });
    expect(error.message).toMatch(
      /:13:\d+ pipelines\.daily_metrics\.stream\.setup: the file sql\/daily_metrics\.set\.sql does not exist$/,
    );
  });

  it('that are empty, or folders, are refused', async () => {
    await writeFile(path.join(root, 'empty.sql'), ' \n');
    await mkdir(path.join(root, 'folder.sql'));
    const empty = await errorOf(load(pipelines(minimal('p').replace('select 1', 'empty.sql'))));
    expect([empty.code, empty.message.replace(/^.*yaml/, '')]).toEqual([
      'CONFIG_INVALID',
      ':4:31 pipelines.p.batch.sql: the file empty.sql is empty',
    ]);
    const folder = await errorOf(load(pipelines(minimal('p').replace('select 1', 'folder.sql'))));
    expect([folder.code, folder.message]).toEqual([
      'CONFIG_FILE_MISSING',
      expect.stringContaining('the file folder.sql cannot be read'),
    ]);
  });

  it('the configuration itself: found in a folder, or a clear error', async () => {
    expect((await errorOf(findConfig(root))).code).toBe('CONFIG_NOT_FOUND');
    await writeFile(path.join(root, 'cutover.yml'), EXAMPLE);
    expect(await findConfig(root)).toBe(path.join(root, 'cutover.yml'));
    await writeFile(path.join(root, 'cutover.yaml'), EXAMPLE);
    expect(await findConfig(root)).toBe(path.join(root, 'cutover.yaml'));
    expect((await errorOf(loadProject(path.join(root, 'none.yaml'), {}))).code).toBe('CONFIG_NOT_FOUND');
    expect((await errorOf(loadProject(root, {}))).code).toBe('CONFIG_INVALID');
  });
});
