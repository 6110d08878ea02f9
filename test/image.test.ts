import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadProject } from '../src/config/load.js';

const ROOT = join(import.meta.dirname, '..');
const text = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** Paths that the Dockerfile takes from the repository. */
const copied = text('Dockerfile')
  .split('\n')
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
  .flatMap((line) =>
    line
      .split(/\s+/)
      .slice(1, -1)
      .filter((word) => !word.startsWith('--')),
  );

const compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({ depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}) }),
  ),
});

describe('the image', () => {
  it('takes files that are there, and that .dockerignore lets through', () => {
    expect(copied.length).toBeGreaterThan(8);
    const ignored = text('.dockerignore').trim().split('\n');
    for (const path of copied) {
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      const [first] = path.split('/');
      expect([path, ignored.includes(first ?? ''), ignored.includes(path)]).toEqual([path, false, false]);
    }
  });

  it('runs without root, and only with production dependencies', () => {
    const last = text('Dockerfile').split('\nFROM ').at(-1) ?? '';
    expect(last).toContain('USER node');
    expect(last).toContain('COPY --from=dependencies /build/node_modules');
    expect(text('Dockerfile')).toContain('npm ci --omit=dev');
  });
});

describe('the project of the image', () => {
  it('is valid as it stands there, with the variables of docker-compose.yml', async () => {
    const root = mkdtempSync(join(tmpdir(), 'cutover-image-'));
    try {
      // As the Dockerfile puts it together: what it copies to /project, in its order.
      const parts = text('Dockerfile').matchAll(/^COPY --chown=node:node (\S+) \/project(\S*)$/gm);
      for (const [, from = '', to = ''] of parts) cpSync(join(ROOT, from), join(root, to), { recursive: true });
      const { environment } = z
        .object({ services: z.object({ cutover: z.object({ environment: z.record(z.string(), z.string()) }) }) })
        .parse(parse(text('docker-compose.yml'))).services.cutover;
      const project = await loadProject(join(root, 'cutover.yaml'), environment);
      expect(project.store).toMatchObject({ kind: 'postgres', url: environment['DATABASE_URL'] });
      expect(project.log).toMatchObject({
        kind: 'kafka',
        brokers: ['kafka:19092'],
        topics: ['events'],
        format: 'raw',
        schema: [],
        metadata: ['_topic', '_key', '_value', '_headers', '_timestamp'],
      });
      expect(project.pipelines.map(({ name }) => name)).toEqual(['silver_events', 'daily_metrics', 'user_daily']);
      expect(project.views.map(({ name }) => name)).toEqual(['realtime_kpis', 'hourly_trends', 'daily_summary']);
      // The SQL is that of the template's variant.
      const silver = 'sql/silver_events.batch.sql';
      expect(readFileSync(join(root, silver), 'utf8')).toBe(text(join('templates/medallion/kafka', silver)));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('docker-compose.yml', () => {
  it('starts a service after services that it has, and whose end or health it can tell', () => {
    const { services } = compose.parse(parse(text('docker-compose.yml')));
    expect(Object.keys(services).sort()).toEqual(['cutover', 'kafka', 'postgres', 'producer', 'topics']);
    for (const { depends_on: after } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(after)) {
        expect(Object.keys(services)).toContain(name);
        if (condition === 'service_healthy') expect(services[name]).toHaveProperty('healthcheck');
      }
    }
  });
});
