import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import { keptPairOf } from '../../src/diff/kept.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import type { KeptRecord } from '../../src/store/contract/kept.js';
import { keptDigests } from '../../src/store/postgres/kept/kept.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';
import { NOW, OLD_AND_NEW as input } from './old-and-new.js';

const { url, problem } = inject('postgres');

describe.skipIf(loudly('what is stored of kept digests', problem) || url === null)(
  'kept digests, as they are stored,',
  () => {
    let store: Store;
    let session: SqlSession;
    beforeEach(async () => {
      ({ store, session } = await freshDatabase(url));
    });
    afterEach(() => store.close());

    const install = async (given: DiffInput): Promise<void> =>
      keptDigests.install(session, await keptPairOf(session, store.dialect, 'two', given), NOW);
    const compare = (given: DiffInput): Promise<DiffOutcome> =>
      session.transaction(() =>
        compareTables(session, store.dialect, {
          ...given,
          kept: { digests: keptDigests, name: 'two', now: NOW, fullEvery: 1e9, check: false },
        }),
      );

    it('hold only what differs, from the tables as they are found, and nothing of what agrees again', async () => {
      await session.script(`CREATE TABLE old (id NUMERIC, v INT); CREATE TABLE new (id NUMERIC, v INT);
      INSERT INTO old SELECT i, 1 FROM generate_series(1, 3000) g(i); INSERT INTO new SELECT * FROM old;
      UPDATE old SET v = 2 WHERE id IN (5, 6); DELETE FROM new WHERE id = 7; INSERT INTO old VALUES (8, 1), (NULL, 1), (NULL, 2); INSERT INTO new VALUES (NULL, 1)`);
      const given = { ...input, unique: { batch: false, stream: false } };
      const kept = { digests: keptDigests, name: 'two', now: NOW, fullEvery: 1e9, check: true };
      const both = (): Promise<[DiffOutcome, DiffOutcome]> =>
        session.transaction(async () => [
          await compareTables(session, store.dialect, { ...given, kept }),
          await compareTables(session, store.dialect, given),
        ]);
      const record = async (): Promise<KeptRecord> => {
        const found = await keptDigests.find(session, 'two');
        if (found === null) throw new Error('no digests');
        return found;
      };
      const standing = async (): Promise<unknown> =>
        session.query(
          `SELECT bucket < 0 AS counts, CAST(count(*) AS INTEGER) AS n FROM cutover.kept_${(await record()).id}_buckets GROUP BY 1 ORDER BY 1`,
        );
      // Where all differ, so does what a key of NULL hashes to.
      await session.run('UPDATE new SET v = -v');
      await install(given);
      expect(await standing()).toEqual([
        { counts: false, n: expect.toSatisfy((n: number) => n > 2000 && n <= 3000) as unknown },
        { counts: true, n: 4 },
      ]);
      await session.run('UPDATE new SET v = -v');
      await install(given);
      expect(await standing()).toEqual([
        { counts: false, n: 4 },
        { counts: true, n: 4 },
      ]);
      const found = { value_mismatch: 2, missing_in_stream: 1, duplicate_key: 1, null_key: 3 };
      for (const one of await both()) expect(one).toMatchObject(found);
      await session.script(`UPDATE new SET v = 2 WHERE id IN (5, 6); INSERT INTO new VALUES (7, 1), (8, 1), (9, 1); DELETE FROM old WHERE id IS NULL;
      INSERT INTO old VALUES (9, 1); UPDATE new SET v = 3 WHERE id = 10; UPDATE new SET v = 1 WHERE id = 10`);
      for (const compacted of [false, true]) {
        if (compacted) await keptDigests.compact(session, await record());
        const [quick, full] = await both();
        expect(quick).toMatchObject({
          value_mismatch: 0,
          missing_in_stream: 0,
          null_key: 1,
          plan: { differing_buckets: 0 },
        });
        expect([quick.batch_rows, quick.stream_rows, quick.discrepancies]).toEqual([
          full.batch_rows,
          full.stream_rows,
          full.discrepancies,
        ]);
      }
      expect(await standing()).toEqual([{ counts: true, n: 4 }]);
    });

    it('do not stand for an enum that had no labels when they were built', async () => {
      await session.script('CREATE TYPE colour AS ENUM ()');
      await session.script(
        'CREATE TABLE old (id BIGINT PRIMARY KEY, v colour); CREATE TABLE new (LIKE old INCLUDING ALL)',
      );
      await session.script(`INSERT INTO old VALUES (1, NULL); INSERT INTO new VALUES (1, NULL)`);
      await install(input);
      expect((await compare(input)).kept?.how).toBe('used');
      await session.script(`ALTER TYPE colour ADD VALUE 'red'`);
      expect((await compare(input)).notes.join()).toContain('labels');
    });
  },
);
