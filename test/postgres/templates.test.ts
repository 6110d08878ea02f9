import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { init } from '../../src/app/init.js';
import { runOnce } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import type { Row, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url, problem } = inject('postgres');

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type Tables = Readonly<Record<string, readonly string[]>>;

/** Rows as texts, so that the order in a list that is a set does not count. */
function lines(rows: readonly Row[]): string[] {
  return rows.map((row) =>
    JSON.stringify(
      Object.entries(row).map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value]),
    ),
  );
}

async function tablesOf(store: Store, pipelines: readonly string[]): Promise<Tables> {
  try {
    const session = await store.session();
    const tables: Record<string, string[]> = {};
    for (const side of ['batch', 'stream'])
      for (const name of pipelines)
        tables[`${side} ${name}`] = lines(await session.query(`SELECT * FROM cutover_${side}.${name}`)).sort();
    return tables;
  } finally {
    await store.close();
  }
}

/** A template as `init` writes it, run over its sample data and `more`: what stands in its tables then. */
async function ran(
  template: string,
  store: 'duckdb' | 'postgres',
  pipelines: readonly string[],
  more: readonly string[],
): Promise<Tables> {
  const directory = mkdtempSync(join(tmpdir(), 'cutover-template-'));
  folders.push(directory);
  await init({ template, directory, force: false, store });
  if (more.length > 0) writeFileSync(join(directory, 'data', 'more.ndjson'), more.map((line) => `${line}\n`).join(''));
  const database = store === 'postgres' ? await createDatabase(url ?? '') : '';
  const summary = await runOnce(
    {
      configFile: join(directory, 'cutover.yaml'),
      env: { DATABASE_URL: database },
      clock: systemClock,
      logger: silentLogger,
      progress: silentProgress,
      actor: 'ada',
      signal: new AbortController().signal,
    },
    { limit: 3 },
  );
  expect(summary.comparisons.map(({ pipeline, verdict }) => [pipeline, verdict])).toEqual(
    pipelines.map((name) => [name, 'pass']),
  );
  const schemas = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };
  return tablesOf(
    store === 'duckdb'
      ? await openDuckDbStore({ path: join(directory, '.cutover/cutover.duckdb'), schemas })
      : openPostgresStore({ url: database, schemas }),
    pipelines,
  );
}

async function version(): Promise<number> {
  const store = openPostgresStore({ url: url ?? '', schemas: { batch: 'b', stream: 's', served: 'public' } });
  const [row] = await (await store.session()).query(`SELECT current_setting('server_version_num') AS v`);
  await store.close();
  return Math.trunc(Number(row?.['v']) / 10_000);
}

/** Payloads that are read differently unless both variants take care. */
const ODD = [
  '{"event_id":"x1","amount":"12.345","timestamp":"2026-03-01T23:59:59.999999Z"}',
  '{"event_id":"x2","amount":"-12.345","timestamp":"2026-03-02T00:30:00+01:00"}',
  '{"event_id":"x3","amount":"1e3","timestamp":"yesterday"}',
  '{"event_id":"x4","amount":"n/a","timestamp":"now"}',
  '{"event_id":"x5","amount":true,"timestamp":"2026-03-02T12:00:00"}',
  '{"event_id":"x6","amount":"99999999999999999999","timestamp":"2026-02-30T12:00:00Z"}',
  '{"event_id":"x7","amount":"","timestamp":""}',
  '{"event_id":"","amount":null,"timestamp":"2026-03-02"}',
  '{"event_id":"x9","amount":{"a":1},"timestamp":"2026-03-02 12:00:00.5"}',
  '{"event_id":"x1","amount":"1","timestamp":"2026-03-02 12:00:00"}',
  '{"event_id":{"a":1},"user_id":["b",2],"event_type":"\\u00e9","amount":1.50,"timestamp":"2026-03-02T12:00:00Z"}',
  '{"event_id":"y"',
  '',
  '[]',
  '"a"',
  'null',
].map((payload) => JSON.stringify({ payload }));

describe.skipIf(loudly('the templates on PostgreSQL', problem))('the templates', () => {
  it('flights gives the same rows on both stores', async () => {
    const embedded = await ran('flights', 'duckdb', ['daily_delays'], []);
    expect(embedded['batch daily_delays']?.length).toBeGreaterThan(1000);
    expect(await ran('flights', 'postgres', ['daily_delays'], [])).toEqual(embedded);
  }, 120_000);

  it('lambda gives the same rows on both stores', async () => {
    const embedded = await ran('lambda', 'duckdb', ['hourly_departures'], []);
    expect(embedded['batch hourly_departures']?.length).toBeGreaterThan(1000);
    expect(await ran('lambda', 'postgres', ['hourly_departures'], [])).toEqual(embedded);
  }, 120_000);

  it('medallion gives the same rows on both stores, odd payloads included', async () => {
    const found = await version();
    if (loudly('the medallion template', found < 16 ? `it needs PostgreSQL 16, this is ${found}` : null)) return;
    const pipelines = ['silver_events', 'daily_metrics', 'user_daily'];
    const embedded = await ran('medallion', 'duckdb', pipelines, ODD);
    expect(embedded['batch silver_events']?.length).toBeGreaterThan(1000);
    expect(await ran('medallion', 'postgres', pipelines, ODD)).toEqual(embedded);
  }, 120_000);
});
