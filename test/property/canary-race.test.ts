import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controlCanary, type ControlResult } from '../../src/canary/control.js';
import { canaryHistory, loadCanary } from '../../src/canary/repository.js';
import { route } from '../../src/canary/route.js';
import { showServedView } from '../../src/canary/served-view.js';
import type { CanaryAction, CanaryState } from '../../src/model/canary.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { contextFor, summary } from './canary-facts.js';

describe('two controllers on one store', () => {
  it('never both act, and an abort beats a promotion', async () => {
    const store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
    try {
      await store.migrate();
      const sessions = [await store.session(), await store.session(), await store.session()];
      const [first] = sessions;
      if (first === undefined) throw new Error('no session');
      for (const side of ['b', 's'])
        await first.run(
          `CREATE TABLE ${side}.p AS SELECT CAST(i AS VARCHAR) AS k, '${side}' AS side FROM range(100) t(i)`,
        );
      const clock = {
        now: () => new Date('2026-03-01T12:00:00.000Z'),
        sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
      };
      const plenty = (state: CanaryState) =>
        Array.from({ length: 10 }, (_, index) => summary(10 * (state.version + 1) - index));
      let conflicts = 0;

      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.constantFrom<CanaryAction>('start', 'advance', 'advance', 'approve', 'hold', 'resume', 'rollback'),
            { minLength: 3, maxLength: 3 },
          ),
          async (actions) => {
            const version = async () => (await loadCanary(first, 'p'))?.version ?? 0;
            const before = await version();
            const results: ControlResult[] = await Promise.all(
              actions.map((action, index) =>
                controlCanary({
                  session: sessions[index] ?? first,
                  clock,
                  pipeline: 'p',
                  salt: 'p',
                  action,
                  context: (state) => Promise.resolve(contextFor(state, action, plenty(state))),
                  follow: (session, next) =>
                    showServedView(session, store.dialect, {
                      servedSchema: 'main',
                      batch: { schema: 'b', name: 'p' },
                      stream: { schema: 's', name: 'p' },
                      pipeline: 'p',
                      columns: ['k', 'side'],
                      keyColumns: [{ name: 'k', type: 'VARCHAR', family: 'text' }],
                      sharePpm: next.share_ppm,
                      salt: next.salt,
                    }),
                }),
              ),
            );
            conflicts += results.filter(({ kind }) => kind === 'conflict').length;
            const applied = results.flatMap((result) => (result.kind === 'applied' ? [result.state.version] : []));
            // Each version was made by exactly one of them, and each has its audit row.
            expect([...applied].sort((a, b) => a - b)).toEqual(applied.map((_, index) => before + 1 + index));
            expect(await version()).toBe(before + applied.length);
            expect((await canaryHistory(first, 'p')).map((entry) => entry.version)).toEqual(
              Array.from({ length: before + applied.length }, (_, index) => before + applied.length - index),
            );
            // A rollback is never lost: it was applied, or there was nothing to roll back.
            for (const [index, action] of actions.entries())
              if (action === 'rollback') expect(results[index]?.kind).not.toBe('conflict');
            // The view that readers see is the one of the state.
            const state = await loadCanary(first, 'p');
            if (state === null) return;
            const rows = await first.query('SELECT k, side FROM main.p');
            expect(rows).toHaveLength(100);
            for (const row of rows)
              expect(row['side']).toBe(route(state, [String(row['k'])]).side === 'stream' ? 's' : 'b');
          },
        ),
        { numRuns: 150 },
      );
      // Otherwise nobody raced.
      expect(conflicts).toBeGreaterThan(0);
    } finally {
      await store.close();
    }
  }, 60_000);

  it('let exactly one of them make the first row', async () => {
    const store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
    try {
      await store.migrate();
      const sessions = [await store.session(), await store.session(), await store.session()];
      const clock = { now: () => new Date('2026-03-01T12:00:00.000Z'), sleep: () => Promise.resolve() };
      for (let n = 0; n < 100; n += 1) {
        const pipeline = `p${n}`;
        const results = await Promise.all(
          sessions.map((session) =>
            controlCanary({
              session,
              clock,
              pipeline,
              salt: 'p',
              action: 'start',
              context: (state) => Promise.resolve(contextFor(state, 'start', [summary(1)])),
              follow: (within) => within.script(`CREATE OR REPLACE VIEW main.${pipeline} AS SELECT 1 AS x`),
            }),
          ),
        );
        expect(results.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
      }
    } finally {
      await store.close();
    }
  }, 60_000);
});
