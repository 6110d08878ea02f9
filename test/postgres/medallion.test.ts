import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { runOnce } from '../../src/app/run.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import { createDatabase } from '../parts/postgres.js';
import { systemClock } from '../../src/cli/clock.js';
import { loudly } from '../parts/require.js';

const { url, problem } = inject('postgres');
const ROOT = join(import.meta.dirname, '..', '..');

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** The project of docker-compose.yml, put together as the Dockerfile does, with files in the place of the topic. */
function projectOfImage(): string {
  const root = mkdtempSync(join(tmpdir(), 'cutover-image-'));
  roots.push(root);
  for (const folder of ['sql', 'postgres/sql', 'kafka/sql'])
    cpSync(join(ROOT, 'templates', 'medallion', folder), join(root, 'sql'), { recursive: true });
  cpSync(join(ROOT, 'docker', 'medallion'), root, { recursive: true });
  for (const name of readdirSync(join(root, 'sql'))) {
    const file = join(root, 'sql', name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('_value', 'payload'));
  }
  const config = parse(readFileSync(join(root, 'cutover.yaml'), 'utf8')) as Record<string, object>;
  config['log'] = { path: 'data/*.ndjson', schema: { payload: 'text' } };
  writeFileSync(join(root, 'cutover.yaml'), stringify(config));
  mkdirSync(join(root, 'data'));
  const fixtures = join(ROOT, 'fixtures', 'medallion');
  for (const name of ['events-01.ndjson', 'events-02.ndjson'])
    copyFileSync(join(fixtures, name), join(root, 'data', name));
  return root;
}

describe.skipIf(loudly('the project of docker-compose.yml', problem))('the project of docker-compose.yml', () => {
  it('has jobs that agree on PostgreSQL', async () => {
    const run = await runOnce(
      {
        configFile: join(projectOfImage(), 'cutover.yaml'),
        env: { DATABASE_URL: await createDatabase(url ?? '') },
        clock: systemClock,
        logger: silentLogger,
        progress: silentProgress,
        actor: 'ada',
        signal: new AbortController().signal,
      },
      { limit: 10 },
    );
    expect(run).toMatchObject({ verdict: 'pass', events: 2992, quarantined: 0 });
    expect(run.comparisons.map(({ pipeline, verdict }) => [pipeline, verdict])).toEqual([
      ['silver_events', 'pass'],
      ['daily_metrics', 'pass'],
      ['user_daily', 'pass'],
    ]);
    expect(run.views?.map(({ view, status }) => [view, status])).toEqual([
      ['realtime_kpis', 'fresh'],
      ['hourly_trends', 'fresh'],
      ['daily_summary', 'fresh'],
    ]);
    for (const { keys_compared } of run.comparisons) expect(keys_compared).toBeGreaterThan(10);
  });
});
