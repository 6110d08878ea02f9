import type { Row, SqlSession } from '../../contract.js';
import type { KeptBuckets, KeptFindings, KeptPair, KeptRecord, KeptRows } from '../../contract/kept.js';
import { literal, lockKey } from '../names.js';
import { bucketsTable, deltasTable, MARK, NULL_KEYS, TOTALS } from './names.js';
import { hashedRows } from './triggers.js';

/** Buckets of a check: fewer than are kept, for it only has to say whether all of them are right. */
const CHECKED_BUCKETS = 4096;

/** The deltas added up by bucket, in the columns of the buckets. Marks are in a range of their own. */
function addedUp(deltas: string): string {
  return `SELECT bucket, coalesce(sum(n) FILTER (WHERE NOT stream), 0) AS batch_n, coalesce(sum(h) FILTER (WHERE NOT stream), 0) AS batch_h,
    coalesce(sum(n) FILTER (WHERE stream), 0) AS stream_n, coalesce(sum(h) FILTER (WHERE stream), 0) AS stream_h
    FROM ${deltas} WHERE bucket >= ${NULL_KEYS} GROUP BY bucket`;
}

/** Says what the triggers could not follow; null: nothing. */
export async function markOf(session: SqlSession, { id }: KeptRecord): Promise<string | null> {
  const [row] = await session.query(
    `SELECT stream, bucket FROM ${deltasTable(id)} WHERE bucket < ${NULL_KEYS} ORDER BY bucket LIMIT 1`,
  );
  if (row === undefined) return null;
  const what = Number(row['bucket']) === MARK.truncated ? 'was truncated' : 'was written while it had other columns';
  return `the table of the ${row['stream'] === true ? 'stream' : 'batch'} side ${what}`;
}

export async function readKept(session: SqlSession, { id }: KeptRecord, most: number): Promise<KeptFindings> {
  const buckets = bucketsTable(id);
  const rows = await session.query(
    `WITH d AS MATERIALIZED (${addedUp(deltasTable(id))})
     SELECT d.bucket FROM d LEFT JOIN ${buckets} b ON b.bucket = d.bucket WHERE d.bucket >= 0
       AND (coalesce(b.batch_n, 0) + d.batch_n <> coalesce(b.stream_n, 0) + d.stream_n OR coalesce(b.batch_h, 0) + d.batch_h <> coalesce(b.stream_h, 0) + d.stream_h)
     UNION ALL
     SELECT b.bucket FROM ${buckets} b WHERE (b.batch_n <> b.stream_n OR b.batch_h <> b.stream_h) AND b.bucket >= 0
       AND b.bucket NOT IN (SELECT bucket FROM d)
     LIMIT ${most + 1}`,
  );
  const [count] = await session.query(
    `WITH t AS (SELECT bucket, batch_n, stream_n FROM ${buckets} WHERE bucket IN (${TOTALS}, ${NULL_KEYS})
       UNION ALL SELECT CASE WHEN bucket = ${NULL_KEYS} THEN bucket ELSE ${TOTALS} END, CASE WHEN stream THEN 0 ELSE n END, CASE WHEN stream THEN n ELSE 0 END
         FROM ${deltasTable(id)} WHERE bucket >= ${NULL_KEYS}
       -- A row with a NULL in its key is one of all rows, too.
       UNION ALL SELECT ${TOTALS}, CASE WHEN stream THEN 0 ELSE n END, CASE WHEN stream THEN n ELSE 0 END FROM ${deltasTable(id)} WHERE bucket = ${NULL_KEYS})
     SELECT coalesce(sum(batch_n) FILTER (WHERE bucket = ${TOTALS}), 0) AS batch_rows, coalesce(sum(stream_n) FILTER (WHERE bucket = ${TOTALS}), 0) AS stream_rows,
       coalesce(sum(batch_n) FILTER (WHERE bucket = ${NULL_KEYS}), 0) AS batch_nulls, coalesce(sum(stream_n) FILTER (WHERE bucket = ${NULL_KEYS}), 0) AS stream_nulls
     FROM t`,
  );
  const differing = rows.map((row) => Number(row['bucket'])).sort((a, b) => a - b);
  return {
    differing: differing.length > most ? null : differing,
    batch: rowsOf(count, 'batch'),
    stream: rowsOf(count, 'stream'),
  };
}

function rowsOf(row: Row | undefined, side: 'batch' | 'stream'): KeptRows {
  return { rows: Number(row?.[`${side}_rows`]), nulls: Number(row?.[`${side}_nulls`]) };
}

/** Of each side all rows are read once. */
export async function checkKept(session: SqlSession, record: KeptRecord, pair: KeptPair): Promise<string | null> {
  const { id, buckets } = record;
  const wrong: string[] = [];
  const said = await readKept(session, record, 0);
  const coarse = `CASE WHEN bucket < 0 THEN ${NULL_KEYS} ELSE bucket & ${CHECKED_BUCKETS - 1} END AS bucket`;
  for (const side of pair.sides(record)) {
    const [row] = await session.query(
      `WITH found AS (SELECT ${coarse}, count(*) AS n, sum(h) AS h FROM ${hashedRows(side, side.relation)} hashed GROUP BY 1),
       kept AS (SELECT ${coarse}, sum(n) AS n, sum(h) AS h FROM (
           SELECT bucket, ${side.side}_n AS n, ${side.side}_h AS h FROM ${bucketsTable(id)} WHERE bucket >= ${NULL_KEYS}
           UNION ALL SELECT bucket, n, h FROM ${deltasTable(id)} WHERE bucket >= ${NULL_KEYS} AND stream = ${String(side.side === 'stream')}) all_kept
         GROUP BY 1 HAVING sum(n) <> 0 OR sum(h) <> 0)
       SELECT count(*) FILTER (WHERE found.n IS DISTINCT FROM kept.n OR found.h IS DISTINCT FROM kept.h) AS wrong,
         coalesce(sum(found.n), 0) AS ${side.side}_rows, coalesce(sum(found.n) FILTER (WHERE found.bucket = ${NULL_KEYS}), 0) AS ${side.side}_nulls
       FROM found FULL JOIN kept ON found.bucket = kept.bucket`,
    );
    const there = rowsOf(row, side.side);
    const kept = said[side.side];
    if (Number(row?.['wrong']) === 0 && there.rows === kept.rows && there.nulls === kept.nulls) continue;
    const groups = Math.min(CHECKED_BUCKETS, buckets);
    wrong.push(
      `${side.relation} has ${there.rows} rows, ${kept.rows} by the digests; ${String(row?.['wrong'])} of ${groups} groups of rows have other digests`,
    );
  }
  return wrong.length === 0 ? null : wrong.join('; ');
}

/** In a transaction of isolation `current`. */
export async function compactKept(session: SqlSession, { id, name }: KeptRecord): Promise<void> {
  const [lock] = await session.query(`SELECT pg_try_advisory_xact_lock(${lockKey(`kept ${name}`)}) AS got`);
  // Another process adds them up or builds them anew; or they were dropped meanwhile.
  if (lock?.['got'] !== true) return;
  const [there] = await session.query(`SELECT to_regclass(${literal(deltasTable(id))}) IS NOT NULL AS present`);
  if (there?.['present'] !== true) return;
  const totals = (side: string): string => `coalesce(sum(${side}_n), 0)`;
  await session.run(
    `WITH gone AS (DELETE FROM ${deltasTable(id)} WHERE bucket >= ${NULL_KEYS} RETURNING stream, bucket, n, h),
       d AS (${addedUp('gone')}), both_kinds AS (
         SELECT * FROM d WHERE batch_n <> 0 OR batch_h <> 0 OR stream_n <> 0 OR stream_h <> 0
         UNION ALL SELECT ${TOTALS}, ${totals('batch')}, 0, ${totals('stream')}, 0 FROM d)
     INSERT INTO ${bucketsTable(id)} AS b (bucket, batch_n, batch_h, stream_n, stream_h) SELECT * FROM both_kinds ORDER BY bucket
     ON CONFLICT (bucket) DO UPDATE SET batch_n = b.batch_n + excluded.batch_n, batch_h = b.batch_h + excluded.batch_h,
       stream_n = b.stream_n + excluded.stream_n, stream_h = b.stream_h + excluded.stream_h`,
  );
}

/** Digests all rows of the transaction's snapshot, and forgets the deltas that it sees: those are of rows that it has. */
export async function buildBuckets(session: SqlSession, id: number, how: KeptBuckets, pair: KeptPair): Promise<void> {
  const [batch, stream] = pair.sides(how);
  const digest = (side: typeof batch): string =>
    `SELECT bucket, count(*) AS n, sum(h) AS h FROM ${hashedRows(side, side.relation)} hashed GROUP BY bucket`;
  await session.script('SET LOCAL work_mem = "128MB"');
  await session.run(`DELETE FROM ${deltasTable(id)}`);
  await session.run(
    `INSERT INTO ${bucketsTable(id)} (bucket, batch_n, batch_h, stream_n, stream_h)
     SELECT coalesce(b.bucket, s.bucket), coalesce(b.n, 0), coalesce(b.h, 0), coalesce(s.n, 0), coalesce(s.h, 0)
     FROM (${digest(batch)}) b FULL JOIN (${digest(stream)}) s ON b.bucket = s.bucket ORDER BY 1`,
  );
  await session.run(
    `INSERT INTO ${bucketsTable(id)} (bucket, batch_n, batch_h, stream_n, stream_h)
     SELECT ${TOTALS}, coalesce(sum(batch_n), 0), 0, coalesce(sum(stream_n), 0), 0 FROM ${bucketsTable(id)}`,
  );
}
