import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pullRows } from '../../src/app/pull.js';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffOutcome } from '../../src/diff/input.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { arrivedDialect, type Arrived } from '../../src/store/duckdb/arrived.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { sentColumns } from '../../src/store/postgres/transfer.js';
import { loudly } from '../parts/require.js';
import { freshDatabase, SCHEMAS } from '../postgres/database.js';
import { POSTGRES_TYPES, TRANSFER_SAMPLES, type TransferSamples } from './transfer-samples.js';

const { url, problem } = inject('postgres');

function sql(value: string, type: string): string {
  return `CAST(${value.startsWith('=') ? value.slice(1) : `'${value}'`} AS ${type})`;
}

describe.skipIf(loudly('rows sent from PostgreSQL to DuckDB', problem))('rows sent from PostgreSQL to DuckDB', () => {
  let postgres: Store;
  let from: SqlSession;
  let duckdb: Store;
  let into: SqlSession;
  const folder = mkdtempSync(join(tmpdir(), 'cutover-transfer-'));

  beforeAll(async () => {
    ({ store: postgres, session: from } = await freshDatabase(url));
    await from.script(POSTGRES_TYPES);
    duckdb = await openDuckDbStore({ path: join(folder, 'work.duckdb'), schemas: SCHEMAS });
    into = await duckdb.session();
  });
  afterAll(async () => {
    await postgres.close();
    await duckdb.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function pulled(relation: string, asText: ReadonlySet<string> = new Set()): Promise<Arrived> {
    const columns = sentColumns(await postgres.dialect.columns(from, relation), asText);
    return from.transaction(() =>
      pullRows({ from, relation, where: [], columns, into: { session: into, table: 'pulled', tempDir: folder } }),
    );
  }

  async function compared(arrived: Arrived, made: string): Promise<DiffOutcome> {
    return into.transaction(() =>
      compareTables(into, arrivedDialect(new Map([[arrived.relation, arrived.columns]])), {
        batch: arrived.relation,
        stream: made,
        key: ['id'],
        rules: { columns: {} },
        today: '2026-01-01',
        unique: { batch: false, stream: false },
        limit: 100,
      }),
    );
  }

  /** Rows with the values of a type, its NULL last. */
  async function make({ postgres: type, duckdb: other, values }: TransferSamples): Promise<void> {
    const pair = (value: string | readonly [string, string]): readonly [string, string] =>
      typeof value === 'string' ? [value, value] : value;
    await from.script(`DROP TABLE IF EXISTS sent; CREATE TABLE sent (id integer, v ${type})`);
    await into.script(`CREATE OR REPLACE TABLE made (id INTEGER, v ${other})`);
    for (const [id, value] of values.entries()) {
      await from.run(`INSERT INTO sent VALUES (${id}, ${sql(pair(value)[0], type)})`);
      await into.run(`INSERT INTO made VALUES (${id}, ${sql(pair(value)[1], other)})`);
    }
    await from.run(`INSERT INTO sent VALUES (${values.length}, NULL)`);
    await into.run(`INSERT INTO made VALUES (${values.length}, NULL)`);
  }

  for (const samples of TRANSFER_SAMPLES) {
    it(`${samples.postgres} equals ${samples.duckdb}, and differs from its neighbours`, async () => {
      await make(samples);
      const arrived = await pulled('sent');
      const same = await compared(arrived, 'made');
      expect({ found: same.discrepancies, matched: same.matched }).toEqual({
        found: [],
        matched: samples.values.length + 1,
      });
      for (const shift of samples.values.keys()) {
        const shifted = `(SELECT (id + ${shift + 1}) % ${samples.values.length + 1} AS id, v FROM made)`;
        expect((await compared(arrived, shifted)).value_mismatch).toBe(samples.values.length + 1);
      }
    });
  }

  it('leaves no file behind', () => {
    expect(readdirSync(folder).filter((name) => name.startsWith('cutover-rows'))).toEqual([]);
  });
});
