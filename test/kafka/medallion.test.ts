import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { init } from '../../src/app/init.js';
import { loadProject } from '../../src/config/load.js';
import type { Comparison } from '../../src/model/comparison.js';
import { nextDue } from '../../src/shadow/schedule.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { topicName, withAdmin } from './topics.js';

const kafka = inject('kafka');
const postgres = inject('postgres');
const problem = kafka.problem ?? postgres.problem;
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

interface World {
  readonly root: string;
  readonly topic: string;
  readonly env: NodeJS.ProcessEnv;
  readonly next: readonly string[];
}

const worlds: World[] = [];
afterEach(async () => {
  for (const { root, topic } of worlds.splice(0)) {
    rmSync(root, { recursive: true, force: true });
    await withAdmin(kafka.brokers ?? [], (admin) => admin.deleteTopics({ topics: [topic] })).catch(() => undefined);
  }
});

/** The template as `init` writes it, with the commands that it prints; `cutover` on the PATH is the built program. */
async function made(): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'cutover-medallion-'));
  const { next } = await init({ template: 'medallion', directory: root, force: true, store: 'postgres', log: 'kafka' });
  const bin = join(root, 'cutover');
  writeFileSync(bin, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(bin, 0o755);
  const topic = topicName();
  const env = {
    ...process.env,
    PATH: `${root}${delimiter}${process.env['PATH'] ?? ''}`,
    TOPIC: topic,
    KAFKA_BROKERS: (kafka.brokers ?? []).join(','),
    DATABASE_URL: await createDatabase(postgres.url ?? ''),
  };
  const world = { root, topic, env, next };
  worlds.push(world);
  return world;
}

async function shell({ root, env }: World, line: string): Promise<{ code: number; stdout: string }> {
  return promisify(execFile)('sh', ['-c', line], { cwd: root, env, maxBuffer: 1 << 26 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && 'stdout' in error)
        return { code: Number(error.code), stdout: String(error.stdout) };
      throw error;
    },
  );
}

async function ask(world: World, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const schemas = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };
  const store = openPostgresStore({ url: world.env['DATABASE_URL'] ?? '', schemas });
  try {
    return await (await store.session()).query(sql);
  } finally {
    await store.close();
  }
}

const GOLD = ['daily_metrics', 'user_daily'];

/** Sends a few events more, each payload as it is. */
async function send(world: World, payloads: readonly object[]): Promise<void> {
  const more = mkdtempSync(join(world.root, 'more-'));
  const lines = payloads.map((payload) => JSON.stringify({ payload: JSON.stringify(payload) }));
  writeFileSync(join(more, 'more.ndjson'), lines.map((line) => `${line}\n`).join(''));
  const producer = world.next.find((line) => line.includes('produce.mjs')) ?? '';
  expect((await shell(world, producer.replace('DATA=data', `DATA=${more}`))).stdout).toContain(
    `sent ${payloads.length} records`,
  );
}

/** One round; the comparisons of gold. */
async function ran(world: World): Promise<Comparison[]> {
  const { stdout } = await shell(world, 'cutover run --once --format json');
  const { comparisons } = JSON.parse(stdout) as { comparisons: Comparison[] };
  expect(comparisons.map(({ pipeline, verdict }) => [pipeline, verdict])).toEqual(
    ['silver_events', ...GOLD].map((name) => [name, 'pass']),
  );
  return comparisons.filter(({ pipeline }) => GOLD.includes(pipeline));
}

describe.skipIf(loudly('the medallion template on Kafka', problem))('the medallion template on Kafka', () => {
  it(
    'leads to a passing gate by the commands that init prints; late days are restated',
    { timeout: 240_000 },
    async () => {
      const world = await made();
      const commands = world.next.filter((line) => !line.startsWith('export') && !line.startsWith('cd '));
      expect(commands.map((line) => line.replace(/node .*fixtures/, 'node fixtures'))).toEqual([
        'DATA=data PARTITIONS=4 RATE=5000 node fixtures/producer/produce.mjs',
        'cutover run --once',
        'cutover report daily_metrics',
        'cutover gate daily_metrics',
      ]);
      for (const line of commands) expect({ line, ...(await shell(world, line)) }).toMatchObject({ line, code: 0 });
      const { stdout } = await shell(world, 'cutover views --format json');
      const { views } = JSON.parse(stdout) as { views: { view: string; status: string; rows: number }[] };
      expect(views.map(({ view, status, rows }) => [view, status, rows > 0])).toEqual(
        ['realtime_kpis', 'hourly_trends', 'daily_summary'].map((view) => [view, 'fresh', true]),
      );
      const [bronze] = await ask(world, 'SELECT count(*) AS n FROM cutover.landing');
      const sent = readFileSync(join(world.root, 'data', 'events-01.ndjson'), 'utf8')
        .trimEnd()
        .split('\n').length;
      expect(Number(bronze?.['n'])).toBeGreaterThan(5 * sent);

      const days = await ask(
        world,
        'SELECT DISTINCT CAST(event_date AS TEXT) AS day FROM cutover_batch.daily_metrics ORDER BY 1',
      );
      const all = days.map(({ day }) => String(day));
      expect(all.length).toBeGreaterThan(6);
      const [oldest = ''] = all;
      const newest = all.slice(-3);
      // Somebody changed what was published: of those rows only restated days show it no more.
      const tamper = (day: string): string =>
        `UPDATE cutover_batch.daily_metrics SET event_count = event_count + 1000 WHERE event_date = '${day}'`;
      const second = all[1] ?? '';
      for (const day of [oldest, second, ...newest]) await ask(world, tamper(day));
      const late = {
        event_id: 'late-1',
        user_id: 'u001',
        event_type: 'purchase',
        amount: 12.5,
        timestamp: `${oldest}T05:00:00Z`,
      };
      await send(world, [late]);
      for (const { scope } of await ran(world))
        expect(scope).toEqual({ full: false, partition_column: 'event_date', partitions: 4 });
      const left = await ask(
        world,
        'SELECT DISTINCT CAST(event_date AS TEXT) AS day FROM cutover_batch.daily_metrics WHERE event_count >= 1000',
      );
      expect(left.map(({ day }) => day)).toEqual([second]);
      const [row] = await ask(
        world,
        `SELECT b.event_count = s.event_count AND b.total_amount = s.total_amount AS same FROM cutover_batch.daily_metrics b
       JOIN cutover_stream.daily_metrics s USING (event_date, event_type) WHERE event_date = '${oldest}' AND event_type = 'purchase'`,
      );
      expect(row?.['same']).toBe(true);

      // Of what has no day it cannot be told which days it belongs to: everything is computed, and the last of the changed rows goes.
      await send(world, [{ event_id: 'no-day', user_id: 'u001', event_type: 'view', timestamp: 'some day' }]);
      for (const { scope } of await ran(world)) expect(scope).toEqual({ full: true });
      expect(await ask(world, 'SELECT 1 AS found FROM cutover_batch.daily_metrics WHERE event_count >= 1000')).toEqual(
        [],
      );
    },
  );

  it('compares silver every hour and gold every day', async () => {
    const { root, env } = await made();
    const { pipelines } = await loadProject(join(root, 'cutover.yaml'), env);
    const after = new Date(2026, 2, 1, 10, 20);
    const due = Object.fromEntries(pipelines.map(({ name, batch }) => [name, nextDue(batch.schedule, after)]));
    expect(due).toEqual({
      silver_events: new Date(2026, 2, 1, 11, 5),
      daily_metrics: new Date(2026, 2, 2, 0, 30),
      user_daily: new Date(2026, 2, 2, 0, 30),
    });
  });
});
