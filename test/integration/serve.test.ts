import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listViews, refreshNow } from '../../src/app/views.js';
import { runCli } from '../../src/cli/cli.js';
import { systemClock } from '../../src/cli/clock.js';
import { useCases } from '../../src/cli/use-cases.js';
import { events, failure, only, perStore, testProjects, totals, type TestProject } from './project.js';
import { sampleOf, samplesOf, type Sample } from './metrics-parser.js';

const newProject = testProjects();

const VIEWS = {
  busy: { sql: 'SELECT k, n FROM totals WHERE n > 3', every: '1s', description: 'Keys with "many" events' },
};
const BAD = { bad: { sql: 'SELECT nothing FROM totals', every: '1s' } };

/** A project whose clock is that of the machine. */
function project(views: Readonly<Record<string, object>> = VIEWS): TestProject {
  const one = newProject({ pipelines: totals(), views }, systemClock);
  one.ndjson('a.ndjson', events(40));
  return one;
}

interface Served {
  readonly url: string;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  readonly json: (path: string) => Promise<Record<string, unknown>>;
  readonly metrics: () => Promise<readonly Sample[]>;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that serves, on a port of its own, and stops it as SIGTERM does when `work` is done. */
async function serving(
  one: TestProject,
  args: readonly string[],
  work: (served: Served) => Promise<void> = () => Promise.resolve(),
  listen = '127.0.0.1:0',
): Promise<Ended> {
  const stop = new AbortController();
  let stdout = '';
  let stderr = '';
  let hear: (url: string) => void = () => undefined;
  const heard = new Promise<string>((resolve) => (hear = resolve));
  const context = one.context();
  const ended = runCli(
    [...args, '--listen', listen, '--config', context.configFile],
    {
      stdout: { write: (text) => (stdout += text) },
      stderr: {
        write: (text) => {
          stderr += text;
          const url = /^listening on (http:\S+)$/m.exec(stderr)?.[1];
          if (url !== undefined) hear(url);
        },
      },
      env: context.env,
      cwd: one.root,
      clock: one.clock,
      user: 'ada',
      signal: stop.signal,
      hardStop: new AbortController().signal,
    },
    useCases,
  );
  const url = await Promise.race([heard, ended.then(() => null)]);
  try {
    if (url !== null) {
      const get: Served['get'] = (path, init) => fetch(`${url}${path}`, init);
      const ready = async (): Promise<boolean> => (await get('/readyz')).status === 200;
      await eventually(async () => ((await Promise.race([ready(), ended.then(() => true)])) ? true : null));
      await work({
        url,
        get,
        json: async (path) => (await (await get(path)).json()) as Record<string, unknown>,
        metrics: async () => samplesOf(await (await get('/metrics')).text()),
      });
    }
  } finally {
    stop.abort();
  }
  return { code: await ended, stdout, stderr };
}

/** What `look` gives as soon as that is not null. */
async function eventually<T>(look: () => Promise<T | null>, ms = 30_000): Promise<T> {
  for (const end = Date.now() + ms; ;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('cutover serve', () => {
  it('gives what `views list` gives, and ends with 0 when it is stopped', async () => {
    const one = project();
    await one.run();
    const expected = only((await listViews(one.context())).views);
    const { code, stdout, stderr } = await serving(one, ['serve'], async ({ get, json }) => {
      const response = await get('/v1/views');
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      const changing = { staleness_ms: expect.any(Number), status: expect.any(String), next_due: expect.any(String) };
      const view = { ...expected, ...changing };
      expect(await response.json()).toEqual({ schema: 'cutover.views/v1', action: 'list', views: [view] });
      expect(await json('/v1/views/busy')).toEqual({ schema: 'cutover.view/v1', ...view });
      expect(await json('/v1/views/b%75sy?x=1')).toEqual({ schema: 'cutover.view/v1', ...view });
      expect(await json('/healthz')).toEqual({ status: 'alive' });
    });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/m);
  });

  it('gives metrics of views and pipelines', async () => {
    const one = project({ ...VIEWS, ...BAD });
    const before = Date.now();
    await one.run();
    const rows = only(await one.query('SELECT CAST(count(*) AS VARCHAR) AS n FROM main.busy'))['n'];
    await failure(refreshNow(one.context(), 'bad', { full: false }));
    await serving(one, ['serve'], async ({ metrics, get }) => {
      expect((await get('/metrics')).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const samples = await metrics();
      const of = (name: string, labels: Sample['labels']): number | undefined => sampleOf(samples, name, labels);
      expect(of('cutover_view_rows', { view: 'busy' })).toBe(Number(rows));
      expect(of('cutover_view_failing', { view: 'busy' })).toBe(0);
      expect(of('cutover_view_consecutive_failures', { view: 'busy' })).toBe(0);
      const refreshed = of('cutover_view_last_refresh_timestamp_seconds', { view: 'busy' });
      expect(refreshed).toBeGreaterThanOrEqual(before / 1000 - 0.001);
      expect(refreshed).toBeLessThanOrEqual(Date.now() / 1000);
      expect(of('cutover_view_staleness_seconds', { view: 'busy' })).toBeGreaterThanOrEqual(0);
      expect(of('cutover_view_refresh_duration_seconds', { view: 'busy' })).toBeGreaterThanOrEqual(0);
      expect(of('cutover_view_failing', { view: 'bad' })).toBe(1);
      expect(of('cutover_view_consecutive_failures', { view: 'bad' })).toBe(2);
      expect(of('cutover_view_status', { view: 'bad', status: 'failed' })).toBe(1);
      expect(of('cutover_view_status', { view: 'bad', status: 'fresh' })).toBe(0);
      expect(of('cutover_view_rows', { view: 'bad' })).toBeUndefined();
      expect(of('cutover_comparison_verdict', { pipeline: 'totals', verdict: 'pass' })).toBe(1);
      expect(of('cutover_comparison_verdict', { pipeline: 'totals', verdict: 'fail' })).toBe(0);
      expect(of('cutover_comparison_mismatch_ratio', { pipeline: 'totals' })).toBe(0);
      expect(of('cutover_comparison_age_seconds', { pipeline: 'totals' })).toBeGreaterThanOrEqual(0);
    });
  });

  it('calls no comparison a pass that other code made, or that was not made', async () => {
    const one = project();
    await serving(one, ['serve'], async ({ metrics }) => {
      const samples = await metrics();
      expect(sampleOf(samples, 'cutover_comparison_verdict', { pipeline: 'totals', verdict: 'inconclusive' })).toBe(1);
      expect(samples.filter(({ name }) => /ratio|comparison_age/.test(name))).toEqual([]);
      expect(sampleOf(samples, 'cutover_view_status', { view: 'busy', status: 'never' })).toBe(1);
    });
    await one.run();
    one.configure({
      pipelines: totals({ compare: { columns: { n: { absolute: 1, because: 'test' } } } }),
      views: VIEWS,
    });
    await serving(one, ['serve'], async ({ metrics }) => {
      const samples = await metrics();
      const verdict = (name: string): number | undefined =>
        sampleOf(samples, 'cutover_comparison_verdict', { pipeline: 'totals', verdict: name });
      expect([verdict('pass'), verdict('inconclusive')]).toEqual([0, 1]);
      expect(sampleOf(samples, 'cutover_comparison_mismatch_ratio', { pipeline: 'totals' })).toBeUndefined();
    });
  });

  it('shows views that are no longer configured, and leaves them out of the metrics', async () => {
    const one = project();
    await one.run();
    one.configure({ pipelines: totals() });
    await serving(one, ['serve'], async ({ json, metrics }) => {
      expect(await json('/v1/views/busy')).toMatchObject({ status: 'removed' });
      expect((await metrics()).filter(({ name }) => name.startsWith('cutover_view'))).toEqual([]);
    });
  });

  it('answers what it does not have with a problem and its code', async () => {
    await serving(project(), ['serve'], async ({ get }) => {
      const asked: readonly (readonly [path: string, method: string, status: number, code: string])[] = [
        ['/v1/views/nobody', 'GET', 404, 'VIEW_UNKNOWN'],
        ['/v1/views/a%2Fb%20%22', 'GET', 404, 'VIEW_UNKNOWN'],
        ['/v1/views/%zz', 'GET', 400, 'REQUEST_INVALID'],
        ['/v1/views/%ff', 'GET', 400, 'REQUEST_INVALID'],
        ['/v1/views/', 'GET', 404, 'PATH_UNKNOWN'],
        ['/v1/views/busy/rows', 'GET', 404, 'PATH_UNKNOWN'],
        ['/__proto__', 'GET', 404, 'PATH_UNKNOWN'],
        ['/', 'GET', 404, 'PATH_UNKNOWN'],
        ['/v1/views', 'POST', 405, 'METHOD_UNSUPPORTED'],
        ['/v1/views/busy', 'DELETE', 405, 'METHOD_UNSUPPORTED'],
        ['/metrics', 'OPTIONS', 405, 'METHOD_UNSUPPORTED'],
      ];
      for (const [path, method, status, code] of asked) {
        const response = await get(path, method === 'POST' ? { method, body: 'x'.repeat(100_000) } : { method });
        expect([path, response.status]).toEqual([path, status]);
        expect(response.headers.get('content-type')).toBe('application/problem+json');
        expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
        const body: unknown = await response.json();
        expect(body).toMatchObject({ type: 'about:blank', status, code, detail: expect.any(String) });
      }
    });
  });

  it('answers HEAD as GET, without the body', async () => {
    await serving(project(), ['serve'], async ({ get }) => {
      for (const path of ['/healthz', '/readyz', '/openapi.json', '/v1/views/nobody']) {
        const [head, whole] = [await get(path, { method: 'HEAD' }), await get(path)];
        const text = await whole.text();
        expect([head.status, await head.text()]).toEqual([whole.status, '']);
        expect(head.headers.get('content-type')).toBe(whole.headers.get('content-type'));
        expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
      }
    });
  });

  it('is described by its openapi.json', async () => {
    const one = project();
    await one.run();
    await serving(one, ['serve'], async ({ get, json }) => {
      const description = (await json('/openapi.json')) as unknown as Description;
      expect(description.openapi).toBe('3.1.0');
      for (const [path, { get: operation }] of Object.entries(description.paths)) {
        const response = await get(path.replace('{name}', 'busy'));
        expect([path, response.status]).toEqual([path, 200]);
        const type = only(Object.entries(operation.responses[200].content));
        expect(response.headers.get('content-type')).toContain(type[0]);
        const name = type[1].schema.$ref?.split('/').at(-1);
        if (name === undefined) continue;
        const body = (await response.json()) as Record<string, unknown>;
        expect(Object.keys(body)).toEqual(Object.keys(description.components.schemas[name]?.properties ?? {}));
      }
    });
  });

  it('ends with 2 and says why where the port is taken', async () => {
    const one = project();
    await one.run();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await serving(one, ['serve'], undefined, `127.0.0.1:${port}`);
    taken.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /error\[LISTEN_FAILED\]: cannot listen on 127\.0\.0\.1:\d+: another program listens there\n {2}help: /,
    );
  });

  it('is stopped although somebody holds a connection and asks nothing', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { code } = await serving(project(), ['serve'], async ({ url }) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.write('GET /healthz HTT', resolve));
      closed = new Promise((resolve) => socket.on('close', resolve));
    });
    await closed;
    expect(code).toBe(0);
  });
});

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> };
}
interface Operation {
  readonly responses: {
    readonly 200: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>> };
  };
}

describe('cutover run --serve', () => {
  it('serves from the store that the run has open, while views are refreshed and one fails', async () => {
    const one = project({ ...VIEWS, ...BAD });
    const { code, stderr } = await serving(one, ['run', '--serve'], async ({ json, metrics }) => {
      const first = await eventually(async () => {
        const { refreshed_at } = await json('/v1/views/busy');
        return typeof refreshed_at === 'string' ? refreshed_at : null;
      });
      one.append('a.ndjson', events(20, 40));
      await eventually(async () => {
        const view = await json('/v1/views/busy');
        return view['refreshed_at'] === first ? null : view;
      });
      // Many at once are answered by the session that there is.
      const many = await Promise.all(Array.from({ length: 20 }, () => metrics()));
      for (const samples of many) expect(sampleOf(samples, 'cutover_view_failing', { view: 'busy' })).toBe(0);
      const failures = (): Promise<number | null> =>
        metrics().then((samples) => {
          const count = sampleOf(samples, 'cutover_view_consecutive_failures', { view: 'bad' }) ?? 0;
          return count > 1 ? count : null;
        });
      expect(await eventually(failures)).toBeGreaterThan(1);
      expect(sampleOf(await metrics(), 'cutover_view_failing', { view: 'bad' })).toBe(1);
      expect(await json('/v1/views/bad')).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('nothing'),
      });
      await eventually(async () => {
        const samples = await metrics();
        const passed = sampleOf(samples, 'cutover_comparison_verdict', { pipeline: 'totals', verdict: 'pass' });
        return passed === 1 ? samples : null;
      });
      if (perStore({ duckdb: true, postgres: false }))
        expect(await failure(listViews(one.context()))).toMatchObject({ code: 'STORE_LOCKED' });
      else await listViews(one.context());
    });
    expect(stderr).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/m);
    expect(code).toBe(0);
  });

  it('ends with the error of the run, and listens no more', async () => {
    const one = project();
    one.configure({ log: { path: 'nowhere/*.ndjson' }, pipelines: totals() });
    let url = '';
    const { code, stderr } = await serving(one, ['run', '--serve'], async (served) => {
      url = served.url;
      await eventually(async () => ((await served.get('/healthz').catch(() => null)) === null ? true : null));
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/error\[LOG_NO_FILES\]|error\[CONFIG_INVALID\]/);
    await expect(fetch(url === '' ? 'http://127.0.0.1:1' : url)).rejects.toThrow();
  });
});
