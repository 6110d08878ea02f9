import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLifecycle, type SaveResult } from '../../src/diff/lifecycle.js';
import type { Discrepancy, DiscrepancyKind } from '../../src/model/comparison.js';
import type { Row, SqlSession, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';

let store: Store;
let session: SqlSession;
beforeEach(async () => {
  store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
  await store.migrate();
  session = await store.session();
});
afterEach(() => store.close());

function differing(id: string, kind: DiscrepancyKind = 'value_mismatch'): Discrepancy {
  return {
    key: { day: '2026-01-01', id },
    kind,
    columns: { v: { batch: 1, stream: 2 } },
    first_seen: null,
    cause: null,
  };
}

const at = (comparison: number): string => `2026-01-0${comparison}T10:00:00.500Z`;

async function cycle(
  comparison: number,
  found: readonly Discrepancy[],
  options: { resolvable?: (key: Discrepancy['key']) => boolean; maxOpen?: number } = {},
): Promise<{ seen: Discrepancy[]; saved: SaveResult }> {
  const lifecycle = await openLifecycle(session, 'p');
  const seen = found.map((discrepancy) => lifecycle.see(discrepancy));
  const saved = await lifecycle.save(session, {
    comparisonId: String(comparison),
    at: at(comparison),
    resolvable: options.resolvable ?? (() => true),
    ...(options.maxOpen === undefined ? {} : { maxOpen: options.maxOpen }),
  });
  return { seen, saved };
}

function stored(): Promise<Row[]> {
  return session.query(
    `SELECT key_json, kind, first_seen, last_seen, resolved_in FROM cutover.discrepancies WHERE pipeline = 'p' ORDER BY first_seen, key_json`,
  );
}

describe('the life of a discrepancy', () => {
  it('is first seen once, goes on being seen, and is resolved', async () => {
    const first = await cycle(1, [differing('a')]);
    expect(first.seen[0]?.first_seen).toBeNull();
    expect(first.saved).toEqual({ open: 1, opened: 1, continued: 0, resolved: 0, unstored: 0 });
    const second = await cycle(2, [differing('a'), differing('a')]);
    expect(second.seen[0]?.first_seen).toEqual({ comparison_id: '1', at: at(1) });
    expect(second.saved).toEqual({ open: 1, opened: 0, continued: 1, resolved: 0, unstored: 0 });
    expect((await cycle(3, [])).saved).toEqual({ open: 0, opened: 0, continued: 0, resolved: 1, unstored: 0 });
    expect(await stored()).toMatchObject([{ first_seen: '1', last_seen: '2', resolved_in: '3' }]);
  });

  it('keeps its first sight when its kind changes', async () => {
    await cycle(1, [differing('a', 'missing_in_stream')]);
    expect((await cycle(2, [differing('a')])).seen[0]?.first_seen?.comparison_id).toBe('1');
    expect(await stored()).toMatchObject([{ kind: 'value_mismatch', first_seen: '1', last_seen: '2' }]);
  });

  it('begins anew when it comes back after it was resolved', async () => {
    await cycle(1, [differing('a')]);
    await cycle(2, []);
    expect((await cycle(3, [differing('a')])).seen[0]?.first_seen).toBeNull();
    expect(await stored()).toMatchObject([
      { first_seen: '1', resolved_in: '2' },
      { first_seen: '3', resolved_in: null },
    ]);
  });

  it('stays open while its partition is not compared', async () => {
    await cycle(1, [differing('a'), differing('b')]);
    const { saved } = await cycle(2, [], { resolvable: (key) => key['id'] === 'a' });
    expect(saved).toMatchObject({ open: 1, resolved: 1 });
    expect(await stored()).toMatchObject([{ resolved_in: '2' }, { resolved_in: null }]);
  });

  it('names its first sight once it was saved', async () => {
    const lifecycle = await openLifecycle(session, 'p');
    lifecycle.see(differing('a'));
    await lifecycle.save(session, { comparisonId: '1', at: at(1), resolvable: () => true });
    expect(lifecycle.see(differing('a')).first_seen).toEqual({ comparison_id: '1', at: at(1) });
  });

  it('keeps pipelines apart', async () => {
    await cycle(1, [differing('a')]);
    const other = await openLifecycle(session, 'q');
    expect(other.see(differing('a')).first_seen).toBeNull();
    expect(await other.save(session, { comparisonId: '2', at: at(2), resolvable: () => true })).toMatchObject({
      opened: 1,
      resolved: 0,
    });
    expect(await stored()).toMatchObject([{ resolved_in: null }]);
  });

  it('follows no more than the limit, and does not lose sight of there being more', async () => {
    const many = ['a', 'b', 'c', 'd'].map((id) => differing(id));
    expect((await cycle(1, many, { maxOpen: 2 })).saved).toEqual({
      open: 3,
      opened: 2,
      continued: 0,
      resolved: 0,
      unstored: 2,
    });
    // A comparison of some partitions sees those that are followed disappear; the others may still be there.
    const partial = (key: Discrepancy['key']): boolean => key['day'] === '2026-01-01';
    expect((await cycle(2, [], { resolvable: partial, maxOpen: 2 })).saved).toMatchObject({ open: 1, resolved: 2 });
    expect((await cycle(3, [], { maxOpen: 2 })).saved).toMatchObject({ open: 0 });
  });

  it('takes thousands at once', async () => {
    const many = Array.from({ length: 1234 }, (_, index) => differing(`it's ${index}`));
    expect((await cycle(1, many)).saved).toMatchObject({ opened: 1234 });
    expect((await cycle(2, many.slice(0, 1000))).saved).toMatchObject({ continued: 1000, resolved: 234, open: 1000 });
  });
});
