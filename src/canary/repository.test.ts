import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextFor, passes, plan, stateIn } from '../../test/property/canary-facts.js';
import type { CanaryAction, CanaryState } from '../model/canary.js';
import type { SqlSession, Store } from '../store/contract.js';
import { openDuckDbStore } from '../store/duckdb/store.js';
import { isConflict } from './conflict.js';
import { controlCanary, type ControlOptions } from './control.js';
import { transition, type Moved } from './machine.js';
import { applyChange, canaryHistory, loadCanary, type StateChange } from './repository.js';
import { decodeState } from './state.js';

const clock = {
  now: () => new Date('2026-03-01T12:00:00.000Z'),
  sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
};

function moved(state: CanaryState, action: CanaryAction): Moved {
  const result = transition(state, action, contextFor(state, action, passes(99)));
  if (result.kind !== 'moved') throw new Error(result.reason);
  return result;
}

function changeOf(state: CanaryState, action: CanaryAction, statements: string[] = []): StateChange {
  const { state: next, audit } = moved(state, action);
  return { expectedVersion: state.version, next, audit, follow: running(statements) };
}

const running =
  (statements: readonly string[]) =>
  async (session: SqlSession): Promise<void> => {
    for (const statement of statements) await session.script(statement);
  };

describe('the canary in the store', () => {
  let store: Store;
  let session: SqlSession;
  let other: SqlSession;

  beforeEach(async () => {
    store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
    await store.migrate();
    session = await store.session();
    other = await store.session();
  });
  afterEach(() => store.close());

  function options(action: CanaryAction, change: Partial<ControlOptions> = {}): ControlOptions {
    return {
      session,
      clock,
      pipeline: 'p',
      salt: plan.salt,
      action,
      context: (state) => Promise.resolve(contextFor(state, action, passes(99 + 10 * state.version))),
      follow: () => Promise.resolve(),
      ...change,
    };
  }

  it('stores what it is given, with one audit row a change', async () => {
    expect(await loadCanary(session, 'p')).toBeNull();
    const first = changeOf(stateIn(), 'start');
    expect(await applyChange(session, first)).toEqual({ kind: 'applied' });
    expect(await loadCanary(other, 'p')).toEqual(first.next);
    const second = changeOf(first.next, 'hold');
    expect(await applyChange(other, second)).toEqual({ kind: 'applied' });
    expect(await loadCanary(session, 'p')).toEqual(second.next);
    expect(await canaryHistory(session, 'p')).toEqual([second.audit, first.audit]);
    expect(await canaryHistory(session, 'p', 1)).toEqual([second.audit]);
    expect(await canaryHistory(session, 'q')).toEqual([]);
  });

  it('refuses a change that was decided on an older version, and writes nothing of it', async () => {
    const first = changeOf(stateIn(), 'start', ['CREATE TABLE main.one AS SELECT 1 AS x']);
    await applyChange(session, first);
    const stale = changeOf(stateIn(), 'start', ['CREATE TABLE main.two AS SELECT 2 AS x']);
    expect(await applyChange(other, stale)).toEqual({ kind: 'conflict', current: first.next });
    const older = {
      ...changeOf({ ...first.next, version: 7 }, 'hold'),
      follow: running(['CREATE TABLE main.three AS SELECT 3 AS x']),
    };
    expect(await applyChange(other, older)).toEqual({ kind: 'conflict', current: first.next });
    const tables = await session.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1`,
    );
    expect(tables.map((row) => row['table_name'])).toEqual(['one']);
    expect(await canaryHistory(session, 'p')).toHaveLength(1);
  });

  it('changes nothing when a statement of the view fails', async () => {
    await expect(
      applyChange(session, changeOf(stateIn(), 'start', ['CREATE VIEW main.v AS SELECT * FROM nowhere'])),
    ).rejects.toThrow();
    expect(await loadCanary(session, 'p')).toBeNull();
    expect(await canaryHistory(session, 'p')).toEqual([]);
  });

  it('sees a write in flight as a conflict, at the row and at the view', async () => {
    const first = changeOf(stateIn(), 'start', ['CREATE OR REPLACE VIEW main.v AS SELECT 1 AS x']);
    expect(await applyChange(other, first)).toEqual({ kind: 'applied' });

    await session.script('BEGIN');
    await session.run('UPDATE cutover.canary SET version = 2');
    expect((await applyChange(other, changeOf(first.next, 'hold'))).kind).toBe('conflict');
    await session.script('ROLLBACK');

    await session.script('BEGIN');
    await session.script('CREATE OR REPLACE VIEW main.v AS SELECT 2 AS x');
    expect(
      (await applyChange(other, changeOf(first.next, 'hold', ['CREATE OR REPLACE VIEW main.v AS SELECT 3 AS x']))).kind,
    ).toBe('conflict');
    await session.script('ROLLBACK');
    expect((await loadCanary(session, 'p'))?.version).toBe(1);
  });

  it('sees at its commit that somebody else inserted the first row', async () => {
    const first = changeOf(stateIn(), 'start', ['SELECT 1']);
    const late: SqlSession = {
      query: (sql, params) => session.query(sql, params),
      run: (sql, params) => session.run(sql, params),
      parse: (sql) => session.parse(sql),
      cursor: (sql, params) => session.cursor(sql, params),
      transaction: (work) => session.transaction(work),
      // It does not wait for the lock: what the store itself refuses must do.
      lock: () => Promise.resolve(),
      exclusive: (name, work) => session.exclusive(name, work),
      materialize: (name, query) => session.materialize(name, query),
      defineView: (name, query) => session.defineView(name, query),
      forget: (name) => session.forget(name),
      load: (name, source, columns) => session.load(name, source, columns),
      loadFile: (name, file, columns) => session.loadFile(name, file, columns),
      exportParquet: (query, path) => session.exportParquet(query, path),
      searchPath: (schemas) => session.searchPath(schemas),
      interrupt: () => session.interrupt(),
      close: () => session.close(),
      script: async (sql) => {
        expect(await applyChange(other, first)).toEqual({ kind: 'applied' });
        await session.script(sql);
      },
    };
    expect(await applyChange(late, first)).toEqual({ kind: 'conflict', current: first.next });
    expect(await canaryHistory(session, 'p')).toEqual([first.audit]);
  });

  it('gives up a step when the state moved on, while a rollback tries again until it is through', async () => {
    await controlCanary(options('start'));
    let meddled = 0;
    const meddling = (action: CanaryAction, times: number) => async (state: CanaryState) => {
      if (meddled++ < times) {
        const now = await loadCanary(other, 'p');
        if (now === null) throw new Error('no state');
        await applyChange(other, changeOf(now, now.stage === 'held' ? 'resume' : 'hold'));
      }
      return contextFor(state, action, passes(99 + 10 * state.version));
    };
    const step = await controlCanary(options('advance', { context: meddling('advance', 1) }));
    expect(step).toMatchObject({ kind: 'conflict', state: { stage: 'held', version: 2 } });
    meddled = 0;
    const abort = await controlCanary(options('rollback', { context: meddling('rollback', 3) }));
    expect(abort).toMatchObject({ kind: 'applied', state: { stage: 'rolled_back', share_ppm: 0, version: 6 } });
    expect(meddled).toBe(4);
  });

  it('takes a step only on the version it was decided on, a rollback on any', async () => {
    await controlCanary(options('start'));
    expect((await controlCanary(options('advance', { expectedVersion: 0 }))).kind).toBe('conflict');
    expect((await controlCanary(options('rollback', { expectedVersion: 0 }))).kind).toBe('applied');
  });

  it('reports a refusal with the state it was decided on', async () => {
    expect(await controlCanary(options('advance'))).toMatchObject({
      kind: 'refused',
      code: 'CANARY_REFUSED',
      cause: 'stage',
      state: { version: 0 },
    });
    expect(await loadCanary(session, 'p')).toBeNull();
  });
});

describe('isConflict', () => {
  it.each([
    'TransactionContext Error: Conflict on update!',
    'TransactionContext Error: Failed to commit: write-write conflict on key: "p"',
    'Catalog Error: write-write conflict on alter with "v"',
    'Constraint Error: Duplicate key "pipeline: p, version: 1" violates primary key constraint.',
    'Constraint Error: PRIMARY KEY or UNIQUE constraint violation: duplicate key "p"',
  ])('knows the words of DuckDB: %s', (message) => {
    expect(isConflict(new Error(message))).toBe(true);
  });

  it('knows the codes of PostgreSQL and looks behind wrappers', () => {
    expect(isConflict(Object.assign(new Error('x'), { code: '40001' }))).toBe(true);
    expect(isConflict(new Error('x', { cause: Object.assign(new Error('y'), { code: '23505' }) }))).toBe(true);
    expect(isConflict(Object.assign(new Error('x'), { code: '42P01' }))).toBe(false);
    expect(isConflict(new Error('Catalog Error: Table with name x does not exist'))).toBe(false);
  });
});

describe('decodeState', () => {
  it('reads back every state, and nothing else', () => {
    const state = stateIn({ stage: 'held', held_from: 'cutover', approvals: [{ step: 100, by: 'bob', at: 'now' }] });
    expect(decodeState(JSON.stringify(state))).toEqual(state);
    for (const [name, value] of Object.entries({
      stage: 'x',
      share_ppm: 0.5,
      version: '1',
      approvals: [{}],
      held_from: 'shadow',
      salt: null,
    })) {
      expect(() => decodeState(JSON.stringify({ ...state, [name]: value })), name).toThrow('not readable');
    }
    expect(() => decodeState('{')).toThrow('not readable');
    expect(() => decodeState('[]')).toThrow('not readable');
  });
});
