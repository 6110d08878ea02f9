import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput } from '../../src/diff/input.js';
import { requireSettleable, restrictToKeys, type KeyColumns } from '../../src/diff/settle-keys.js';
import { settle, type Look, type Settled } from '../../src/diff/settle.js';
import { discrepancyCount, type Discrepancy } from '../../src/model/comparison.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { emptyStore, failure } from './project.js';

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  ({ store, session } = await emptyStore());
});
afterAll(() => store.close());
beforeEach(() =>
  session.script(
    'DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y; CREATE TABLE x (id BIGINT, n BIGINT, t TEXT); CREATE TABLE y (id BIGINT, n BIGINT, t TEXT)',
  ),
);

/** Both sides by their values of `n`, id by id; `null`: no row. */
async function rows(x: readonly (number | null)[], y: readonly (number | null)[]): Promise<void> {
  for (const [table, values] of [
    ['x', x],
    ['y', y],
  ] as const) {
    for (const [id, n] of values.entries())
      if (n !== null) await session.run(`INSERT INTO ${table} VALUES (${id}, ${n}, 'same')`);
  }
}

/** @param steps what happens while it waits before each further look */
async function settled(
  steps: readonly string[],
  options: { rounds?: number; most?: number; beforeProfile?: string; findable?: (one: Discrepancy) => boolean } = {},
): Promise<Settled> {
  const { dialect } = store;
  const look =
    (relations: Pick<DiffInput, 'batch' | 'stream' | 'profile'>): Look =>
    (see) =>
      compareTables(session, dialect, {
        ...relations,
        key: ['id'],
        rules: { columns: {} },
        today: '2026-01-01',
        unique: { batch: false, stream: false },
        limit: 100,
        onDiscrepancy: see,
      });
  const keyOf = async (relation: string): Promise<KeyColumns['batch']> =>
    (await dialect.columns(session, relation)).filter(({ name }) => name === 'id');
  const columns = { batch: await keyOf('x'), stream: await keyOf('y') };
  requireSettleable(['id'], columns);
  return settle({
    first: look({ batch: 'x', stream: 'y' }),
    again: (keys, nulls) => async (see) => {
      const relations = { batch: 'x', stream: 'y' };
      return look(await restrictToKeys(session, dialect, relations, columns, keys, nulls))(see);
    },
    wait: async (round) => {
      const step = steps[round - 1] ?? '';
      if (step !== '') await session.script(step);
    },
    rounds: options.rounds ?? 3,
    limit: 100,
    ...(options.findable === undefined
      ? {}
      : { findable: (found) => Promise.resolve(found.map(options.findable ?? (() => true))) }),
    ...(options.beforeProfile === undefined
      ? {}
      : {
          profile: (keys) => async (see) => {
            await session.script(options.beforeProfile ?? '');
            const among = { batch: 'x', stream: 'y' };
            const relations = await restrictToKeys(session, dialect, among, columns, keys, false);
            return look({ ...relations, profile: { sums: false, among } })(see);
          },
        }),
    ...(options.most === undefined ? {} : { most: options.most }),
  });
}

/** Every key is accounted for exactly once. */
function whole({ outcome }: Settled): boolean {
  const { matched, tolerated, in_flux: flux, null_key: nulls } = outcome;
  return matched + tolerated + flux + discrepancyCount(outcome) - nulls === outcome.keys_compared;
}

describe('settle', () => {
  it('looks once where nothing differs', async () => {
    await rows([1, 2], [1, 2]);
    const found = await settled([]);
    expect(found).toMatchObject({ looks: 1, outcome: { matched: 2, in_flux: 0, mismatch_rate: 0 } });
  });

  it('matches what agrees at a later look, and reports what stays with its values', async () => {
    await rows([1, 2, 3, 4, 5], [1, 7, 2, null, 5]);
    const found = await settled(['UPDATE y SET n = 3 WHERE id = 2']);
    expect(found).toMatchObject({
      looks: 2,
      outcome: {
        keys_compared: 5,
        matched: 3,
        value_mismatch: 1,
        missing_in_stream: 1,
        in_flux: 0,
        mismatch_rate: 0.4,
      },
    });
    expect(found.outcome.columns['n']).toEqual({ mismatched: 1, tolerated: 0, max_abs_difference: '5' });
    expect(found.stayed.map(({ key, kind }) => [key['id'], kind])).toEqual([
      ['1', 'value_mismatch'],
      ['3', 'missing_in_stream'],
    ]);
    expect(whole(found)).toBe(true);
  });

  it('never takes a key that keeps moving for one that agrees, nor for one that differs', async () => {
    await rows([1, 2], [1, 5]);
    const hot = 'UPDATE x SET n = n + 1 WHERE id = 1; UPDATE y SET n = n + 1 WHERE id = 1';
    const found = await settled([hot, hot, hot]);
    expect(found).toMatchObject({ looks: 4, outcome: { matched: 1, value_mismatch: 0, in_flux: 1, mismatch_rate: 0 } });
    expect(found.moving.map(({ key }) => key['id'])).toEqual(['1']);
    expect(whole(found)).toBe(true);
  });

  it('finds a lasting difference as soon as its key rests for one look', async () => {
    await rows([1, 2], [1, 5]);
    const hot = 'UPDATE x SET n = n + 1 WHERE id = 1; UPDATE y SET n = n + 1 WHERE id = 1';
    expect((await settled([hot, hot, ''])).outcome).toMatchObject({ value_mismatch: 1, in_flux: 0 });
  });

  it('profiles what stayed, and nothing that is another by then', async () => {
    await rows([1, 2, 3], [1, 7, 8]);
    const step = 'UPDATE y SET n = 3 WHERE id = 2';
    const still = (await settled([step], { beforeProfile: 'SELECT 1' })).outcome;
    expect(still.profile?.columns).toMatchObject([{ column: 'n', mismatched: 1, smallest: '5', largest: '5' }]);
    expect(still.notes).toEqual([]);
    await session.script('UPDATE y SET n = 8 WHERE id = 2');
    const moved = (await settled([step], { beforeProfile: 'UPDATE x SET n = 9 WHERE id = 1' })).outcome;
    expect(moved).toMatchObject({ value_mismatch: 1, notes: [expect.stringContaining('rows changed again')] });
    expect(moved.profile).toBeUndefined();
    const failed = (await settled([], { beforeProfile: `SELECT error('no room')` })).outcome;
    expect(failed.value_mismatch).toBeGreaterThan(0);
    expect(failed).toMatchObject({ in_flux: 0, notes: [expect.stringContaining('no room')] });
  });

  it('takes no key for gone that could not be found again in the first place', async () => {
    await rows([1, 2, 3], [1, 7, 8]);
    const blind = await settled(['DELETE FROM x WHERE id = 1; DELETE FROM y WHERE id = 1'], {
      findable: ({ key }) => key['id'] !== '1',
    });
    expect(blind.outcome).toMatchObject({ matched: 1, in_flux: 1, value_mismatch: 1, keys_compared: 3 });
    expect(blind.moving.map(({ key }) => key['id'])).toEqual(['1']);
    expect(whole(blind)).toBe(true);
  });

  it('counts no key that both sides have lost meanwhile', async () => {
    await rows([1, 2, 3], [1, 2, null]);
    const found = await settled(['DELETE FROM x WHERE id = 2']);
    expect(found.outcome).toMatchObject({ keys_compared: 2, matched: 2, missing_in_stream: 0, in_flux: 0 });
    expect(whole(found)).toBe(true);
  });

  it('reports rows without a key and duplicate keys that are still there, however they change', async () => {
    await rows([1, 2], [1, 2]);
    await session.script(`INSERT INTO x VALUES (NULL, 1, 'a'), (NULL, 2, 'b'), (1, 2, 'same')`);
    const found = await settled([
      `DELETE FROM x WHERE t = 'a'; UPDATE x SET n = 9 WHERE id IS NULL; INSERT INTO x VALUES (1, 4, 'more')`,
    ]);
    expect(found).toMatchObject({ looks: 2, outcome: { null_key: 1, duplicate_key: 1, matched: 1, in_flux: 0 } });
    expect(found.stayed.map(({ kind }) => kind).sort()).toEqual(['duplicate_key', 'null_key']);
    expect(whole(found)).toBe(true);
  });

  it('holds what it cannot look at again to be in flux', async () => {
    await rows([1, 2, 3, 4], [5, 6, 7, 4]);
    const found = await settled([], { most: 2 });
    expect(found).toMatchObject({ beyond: 1, outcome: { value_mismatch: 2, in_flux: 1, matched: 1 } });
    expect(whole(found)).toBe(true);
  });

  it('refuses keys that it cannot find again', async () => {
    await session.script('DROP TABLE y; CREATE TABLE y (id DOUBLE PRECISION, n BIGINT, t TEXT)');
    const error = await failure(settled([]));
    expect(error.code).toBe('TYPE_MISMATCH');
    expect(error.message).toContain('key column id');
  });

  it('finds keys of unlike whole numbers again', async () => {
    await session.script('DROP TABLE y; CREATE TABLE y (id INTEGER, n BIGINT, t TEXT)');
    await rows([1, 2], [1, 3]);
    await session.run(`INSERT INTO x VALUES (3000000000, 1, 'same')`);
    expect((await settled([])).outcome).toMatchObject({ value_mismatch: 1, missing_in_stream: 1, matched: 1 });
  });
});
