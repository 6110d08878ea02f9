import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { Column } from '../../src/model/column.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from '../postgres/database.js';
import { KINDS, type CanonicalKind } from './canonical-values.js';

const { url, problem } = inject('postgres');

const SETUP = `CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('b', 'a', 'A', ''); CREATE TYPE pair AS (n integer, t citext);
  CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;

type Engine = 'duckdb' | 'postgres';

interface Opened {
  readonly store: Store;
  readonly session: SqlSession;
}

/** A value of a kind in one of its spellings. */
interface Spelled {
  readonly text: string | null;
  readonly sql: string;
}

/**
 * What values have in common across engines: their canonical text. Equal texts are equal values. In the other direction it may fail, at the price of a needless look:
 * see docs/canonical.md for the few values of which it does.
 */
describe.skipIf(loudly('canonical texts in both engines', problem))('canonical texts', () => {
  let engines: Record<Engine, Opened>;
  beforeAll(async () => {
    const duckdb = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
    const postgres = await freshDatabase(url);
    engines = {
      duckdb: { store: duckdb, session: await duckdb.session() },
      postgres,
    };
    await engines.postgres.session.script(SETUP);
  });
  afterAll(async () => {
    await engines.duckdb.store.close();
    await engines.postgres.store.close();
  });

  function spellings(kind: CanonicalKind, engine: Engine): Spelled[] {
    return kind.values.flatMap((value) =>
      (value[engine] ?? []).map((literal) => ({
        text: value.text,
        sql: literal.startsWith('=') ? literal.slice(1) : `'${literal.replaceAll("'", "''")}'`,
      })),
    );
  }

  async function table(engine: Engine, name: string, type: string, values: readonly Spelled[]): Promise<Column> {
    const { session, store } = engines[engine];
    await session.script(`DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (id INTEGER, v ${type})`);
    const plain = type.replace(/ COLLATE .*/, '');
    const rows = values.map(({ sql }, id) => `SELECT ${id}, CAST(${sql} AS ${plain})`);
    await session.run(`INSERT INTO ${name} ${rows.join(' UNION ALL ')}`);
    const [, column] = await store.dialect.columns(session, name);
    if (column === undefined) throw new Error('no column');
    return column;
  }

  async function differing(engine: Engine, strategy: 'digest' | 'join'): Promise<string[]> {
    const { session, store } = engines[engine];
    const found: string[] = [];
    const compare = async (): Promise<void> => {
      const { value_mismatch } = await compareTables(session, store.dialect, {
        batch: 'x',
        stream: 'y',
        key: ['id'],
        rules: { columns: {} },
        today: '2026-01-01',
        unique: { batch: false, stream: false },
        limit: 0,
        strategy,
        onDiscrepancy: ({ key }) => found.push(String(key['id'])),
      });
      expect(value_mismatch).toBe(found.length);
    };
    await (engine === 'postgres' ? session.transaction(compare) : compare());
    return found.sort();
  }

  it.each(KINDS)('of $what tell different values apart', ({ values }) => {
    expect(new Set(values.map(({ text }) => text)).size).toBe(values.length);
  });

  const typed = (['duckdb', 'postgres'] as const).flatMap((engine) =>
    KINDS.flatMap((kind) => kind[engine].map((type) => ({ engine, kind, what: kind.what, type }))),
  );

  it.each(typed)('of $what: $type in $engine', async ({ engine, kind, type }) => {
    const { session, store } = engines[engine];
    const values = spellings(kind, engine);
    const column = await table(engine, 'x', type, values);
    const rows = await session.query(
      `SELECT ${store.dialect.canonicalText('v', column)} AS text, ${store.dialect.canonicalText('CASE WHEN id < 0 THEN v END', column)} AS nothing FROM x ORDER BY id`,
    );
    // A struct has no text that both engines share.
    if (column.family !== 'struct' || engine === 'duckdb')
      expect(rows.map(({ text }) => text)).toEqual(values.map(({ text }) => text));
    expect(rows.every(({ nothing }) => nothing === null)).toBe(true);
  });

  const pairs = typed.flatMap((one) => one.kind[one.engine].map((other) => ({ ...one, other })));

  it.each(pairs)(
    'of $what: $type and $other in $engine are equal where values are',
    async ({ engine, kind, type, other }) => {
      const values: Spelled[] = [...spellings(kind, engine), { text: null, sql: 'NULL' }];
      const all = values.flatMap((batch) => values.map((stream) => ({ batch, stream })));
      await table(
        engine,
        'x',
        type,
        all.map(({ batch }) => batch),
      );
      await table(
        engine,
        'y',
        other,
        all.map(({ stream }) => stream),
      );
      const expected = all.flatMap(({ batch, stream }, id) => (batch.text === stream.text ? [] : [String(id)])).sort();
      expect(await differing(engine, 'join')).toEqual(expected);
      expect(await differing(engine, 'digest')).toEqual(expected);
    },
  );

  it.each(pairs)('of $what: $type and $other in $engine are keys', async ({ engine, kind, type, other }) => {
    const { session, store } = engines[engine];
    const values = spellings(kind, engine);
    const texts = [...new Set(values.map(({ text }) => text))];
    const once = texts.flatMap((text) => values.filter((value) => value.text === text).slice(-1));
    // The stream side has every key in its first spelling but one, every third twice, and two rows without a key.
    await table(engine, 'x', type, once);
    const firsts = once.flatMap(({ text }) => values.filter((value) => value.text === text).slice(0, 1));
    const twice = firsts.filter((_, n) => n % 3 === 0);
    const stream = [
      ...firsts.filter((_, n) => n !== 1),
      ...twice,
      { text: null, sql: 'NULL' },
      { text: null, sql: 'NULL' },
    ];
    await table(engine, 'y', other, stream);
    const missing = firsts.length > 1 ? 1 : 0;
    for (const strategy of ['join', 'digest'] as const) {
      const compare = (): Promise<unknown> =>
        compareTables(session, store.dialect, {
          batch: '(SELECT v FROM x)',
          stream: '(SELECT v FROM y)',
          key: ['v'],
          rules: { columns: {} },
          today: '2026-01-01',
          unique: { batch: false, stream: false },
          limit: 0,
          strategy,
        });
      expect(await (engine === 'postgres' ? session.transaction(compare) : compare())).toMatchObject({
        keys_compared: texts.length,
        matched: texts.length - twice.length - missing,
        missing_in_stream: missing,
        missing_in_batch: 0,
        duplicate_key: twice.length,
        null_key: 2,
      });
    }
  });
});
