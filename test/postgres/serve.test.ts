import { expect, inject, it } from 'vitest';
import { serveStore, StateReader } from '../../src/app/serve.js';
import { systemClock } from '../../src/cli/clock.js';
import { events, failure, testProjects, totals } from '../integration/project.js';
import { onPostgres } from './on-postgres.js';

await onPostgres('serve', () => import('../integration/serve.test.js'));

const newProject = testProjects();

it.skipIf(inject('postgres').url === null)('serve connects again when its connections were ended', async () => {
  const one = newProject({ pipelines: totals(), views: { busy: { sql: 'SELECT k, n FROM totals' } } }, systemClock);
  one.ndjson('a.ndjson', events(10));
  await one.run();
  const state = new StateReader(systemClock);
  expect(await failure(state.ready())).toMatchObject({ code: 'STORE_UNREACHABLE' });
  const stop = new AbortController();
  const served = serveStore(one.context({ signal: stop.signal }), state);
  while (
    !(await state.ready().then(
      () => true,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 20));
  const ended = await one.query(
    'SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  expect(ended.length).toBeGreaterThan(1);
  expect(await state.views()).toMatchObject({ views: [{ view: 'busy' }] });
  expect(await state.pipelines()).toMatchObject([{ pipeline: 'totals', deployed: true }]);
  stop.abort();
  await served;
  expect(await failure(state.ready())).toMatchObject({ code: 'STORE_UNREACHABLE' });
});
