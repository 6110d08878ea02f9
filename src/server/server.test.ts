import { afterEach, describe, expect, it } from 'vitest';
import type { ServedState } from '../app/serve.js';
import { systemClock } from '../cli/clock.js';
import { CutoverError } from '../model/errors.js';
import { silentLogger } from '../model/ports.js';
import type { ViewReport } from '../model/view.js';
import { sampleOf, samplesOf } from '../../test/integration/metrics-parser.js';
import { metricsText } from './metrics.js';
import { startServer, type RunningServer } from './server.js';

const VIEW: ViewReport = {
  view: 'a\\b "c"\nd',
  description: null,
  status: 'fresh',
  schedule: 'every 1m',
  refreshed_at: '2026-03-01T00:00:00.250Z',
  staleness_ms: 1500,
  duration_ms: 20,
  rows: 0,
  changed_rows: 0,
  partitions: null,
  full_at: null,
  full_reason: null,
  corrected_rows: 0,
  side: null,
  sources: [],
  next_due: null,
  attempted_at: null,
  error: null,
  failures: 0,
};

describe('metrics', () => {
  it('escape names and give seconds', () => {
    const samples = samplesOf(metricsText([VIEW], [], new Date()));
    const of = (name: string): number | undefined => sampleOf(samples, `cutover_view_${name}`, { view: VIEW.view });
    expect(of('last_refresh_timestamp_seconds')).toBe(Date.parse('2026-03-01T00:00:00.250Z') / 1000);
    expect(of('staleness_seconds')).toBe(1.5);
    expect(of('refresh_duration_seconds')).toBe(0.02);
    expect(of('rows')).toBe(0);
  });

  it('are nothing where there is nothing', () => {
    expect(metricsText([], [], new Date())).toBe('');
  });
});

describe('a server whose store is gone', () => {
  const servers: RunningServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** A server of which every read fails with what `fault` gives; null: none does. */
  async function serverOf(fault: () => Error | null, said: string[] = []): Promise<RunningServer> {
    const fail = <T>(value: T): Promise<T> => {
      const error = fault();
      return error === null ? Promise.resolve(value) : Promise.reject(error);
    };
    const state: ServedState = {
      ready: () => fail(undefined),
      views: () => fail({ schema: 'cutover.views/v1', action: 'list', views: [VIEW] }),
      pipelines: () => fail([]),
    };
    const note = (_facts: object, message: string): void => void said.push(message);
    const logger = { ...silentLogger, info: note, warn: note, error: note };
    const server = await startServer({ host: '127.0.0.1', port: 0 }, { state, clock: systemClock, logger });
    servers.push(server);
    return server;
  }

  it('is alive, not ready, names no host, and logs once when it goes and once when it comes back', async () => {
    const gone = new CutoverError('STORE_UNREACHABLE', 'db.internal:5432 cannot be reached', 'Start it.');
    let fault: Error | null = gone;
    const said: string[] = [];
    const { url, loopback } = await serverOf(() => fault, said);
    expect(loopback).toBe(true);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    for (const path of ['/readyz', '/v1/views', '/v1/views/x', '/metrics']) {
      const response = await fetch(`${url}${path}`);
      const body = await response.text();
      expect([path, response.status]).toEqual([path, 503]);
      expect(JSON.parse(body)).toMatchObject({ code: 'STORE_UNREACHABLE', status: 503 });
      expect(body).not.toContain('db.internal');
    }
    fault = null;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/v1/views/${encodeURIComponent(VIEW.view)}`)).status).toBe(200);
    expect(said).toEqual([
      'requests cannot be answered: db.internal:5432 cannot be reached',
      'requests are answered again',
    ]);
  });

  it('tells a defect by its code alone', async () => {
    const { url } = await serverOf(() => new Error('secret'));
    const response = await fetch(`${url}/v1/views`);
    const body = await response.text();
    expect([response.status, body.includes('secret')]).toEqual([500, false]);
    expect(JSON.parse(body)).toMatchObject({ code: 'INTERNAL', title: 'Internal Server Error' });
  });
});
