import type { Row, SqlSession } from '../../contract.js';
import type { KeptBuckets, KeptFindings, KeptPair, KeptRecord, KeptRows, KeptSide } from '../../contract/kept.js';
import { literal, lockKey } from '../names.js';
import { bucketsTable, COUNTS, deltasTable, MARK, NULL_KEYS } from './names.js';
import { hashedRows } from './triggers.js';

/** Buckets of a check: fewer than are kept, for it only has to say whether all of them are right. */
const CHECKED_BUCKETS = 4096;

/** So many buckets are digested together when digests are built; of those that differ, each by itself. */
const TOGETHER = 8;

/** The deltas of each bucket: rows of both sides, and the batch side's hashes less those of the stream side. Marks are in a range of their own. */
function addedUp(deltas: string): string {
  return `SELECT bucket, coalesce(sum(n) FILTER (WHERE NOT stream), 0) AS batch_n, coalesce(sum(n) FILTER (WHERE stream), 0) AS stream_n,
    sum(CASE WHEN stream THEN -h ELSE h END) AS h FROM ${deltas} WHERE bucket >= ${NULL_KEYS} GROUP BY bucket`;
}

/** How many rows the deltas `d` add to each side, in the place of buckets. A row with a NULL in its key is one of all rows, too. */
function countsAdded(): string {
  const count = (side: KeptSide['side'], bucket: number, where: string): string =>
    `SELECT ${bucket} AS bucket, coalesce(sum(${side}_n), 0) AS n, NUMERIC '0' AS h FROM d ${where}`;
  return (['batch', 'stream'] as const)
    .flatMap((side) => [
      count(side, COUNTS[side].rows, ''),
      count(side, COUNTS[side].nulls, `WHERE bucket = ${NULL_KEYS}`),
    ])
    .join(' UNION ALL ');
}

/** A query that says what the triggers could not follow, if there is anything. */
export function markOf(id: number): string {
  return `SELECT 'the table of the ' || CASE WHEN stream THEN 'stream' ELSE 'batch' END || ' side ' ||
      CASE WHEN bucket = ${MARK.truncated} THEN 'was truncated' ELSE 'was written while it had other columns' END
    FROM ${deltasTable(id)} WHERE bucket < ${NULL_KEYS} ORDER BY bucket LIMIT 1`;
}

/** A bucket that is not kept did not differ when the deltas were last added up: what they come to is then all of its difference. */
export async function readKept(session: SqlSession, { id }: KeptRecord, most: number): Promise<KeptFindings> {
  const [row] = await session.query(
    `WITH d AS MATERIALIZED (${addedUp(deltasTable(id))}),
     counts AS (SELECT bucket, n FROM ${bucketsTable(id)} WHERE bucket < ${NULL_KEYS} UNION ALL SELECT bucket, n FROM (${countsAdded()}) added),
     differing AS (
       SELECT coalesce(d.bucket, k.bucket) AS bucket
       FROM (SELECT * FROM d WHERE bucket >= 0) d FULL JOIN (SELECT * FROM ${bucketsTable(id)} WHERE bucket >= 0) k ON d.bucket = k.bucket
       WHERE coalesce(k.n, 0) + coalesce(d.batch_n - d.stream_n, 0) <> 0 OR coalesce(k.h, 0) + coalesce(d.h, 0) <> 0
       LIMIT ${most + 1})
     SELECT array_to_string(ARRAY(SELECT bucket FROM differing ORDER BY bucket), ',') AS differing, ${countColumns('batch')}, ${countColumns('stream')} FROM counts`,
  );
  const text = String(row?.['differing'] ?? '');
  const differing = text === '' ? [] : text.split(',').map(Number);
  return {
    differing: differing.length > most ? null : differing,
    batch: rowsOf(row, 'batch'),
    stream: rowsOf(row, 'stream'),
  };
}

function countColumns(side: KeptSide['side']): string {
  const { rows, nulls } = COUNTS[side];
  return `coalesce(sum(n) FILTER (WHERE bucket = ${rows}), 0) AS ${side}_rows, coalesce(sum(n) FILTER (WHERE bucket = ${nulls}), 0) AS ${side}_nulls`;
}

function rowsOf(row: Row | undefined, side: KeptSide['side']): KeptRows {
  return { rows: Number(row?.[`${side}_rows`]), nulls: Number(row?.[`${side}_nulls`]) };
}

/** Of each side all rows are read once. */
export async function checkKept(session: SqlSession, record: KeptRecord, pair: KeptPair): Promise<string | null> {
  const { id, buckets } = record;
  const said = await readKept(session, record, 0);
  const sides = pair.sides(record);
  const [batch, stream] = sides;
  const coarse = `CASE WHEN bucket < 0 THEN ${NULL_KEYS} ELSE bucket & ${CHECKED_BUCKETS - 1} END AS bucket`;
  const digest = (side: KeptSide): string =>
    `SELECT ${coarse}, count(*) AS n, sum(h) AS h FROM ${hashedRows(side, side.relation)} hashed GROUP BY 1`;
  const rows = ({ side }: KeptSide): string =>
    `(SELECT coalesce(sum(n), 0) FROM ${side}) AS ${side}_rows, (SELECT coalesce(sum(n), 0) FROM ${side} WHERE bucket = ${NULL_KEYS}) AS ${side}_nulls`;
  const [row] = await session.query(
    `WITH batch AS MATERIALIZED (${digest(batch)}), stream AS MATERIALIZED (${digest(stream)}),
     found AS (SELECT coalesce(b.bucket, s.bucket) AS bucket, coalesce(b.n, 0) - coalesce(s.n, 0) AS n, coalesce(b.h, 0) - coalesce(s.h, 0) AS h
       FROM batch b FULL JOIN stream s ON b.bucket = s.bucket WHERE coalesce(b.bucket, s.bucket) >= 0),
     kept AS (SELECT ${coarse}, sum(n) AS n, sum(h) AS h FROM (
         SELECT bucket, n, h FROM ${bucketsTable(id)} WHERE bucket >= 0
         UNION ALL SELECT bucket, CASE WHEN stream THEN -n ELSE n END, CASE WHEN stream THEN -h ELSE h END FROM ${deltasTable(id)} WHERE bucket >= 0) all_kept
       GROUP BY 1)
     SELECT count(*) FILTER (WHERE coalesce(found.n, 0) <> coalesce(kept.n, 0) OR coalesce(found.h, 0) <> coalesce(kept.h, 0)) AS wrong,
       ${rows(batch)}, ${rows(stream)} FROM found FULL JOIN kept ON found.bucket = kept.bucket`,
  );
  const wrong = sides.flatMap(({ side, relation }) => {
    const [there, kept] = [rowsOf(row, side), said[side]];
    return there.rows === kept.rows && there.nulls === kept.nulls
      ? []
      : [`${relation} has ${counted(there)}, ${counted(kept)} by the digests`];
  });
  if (Number(row?.['wrong']) !== 0) {
    const groups = Math.min(CHECKED_BUCKETS, buckets);
    wrong.push(
      `${String(row?.['wrong'])} of ${groups} groups of rows of ${batch.relation} and ${stream.relation} differ in another way`,
    );
  }
  return wrong.length === 0 ? null : wrong.join('; ');
}

function counted({ rows, nulls }: KeptRows): string {
  return nulls === 0 ? `${rows} rows` : `${rows} rows (${nulls} with a NULL in their key)`;
}

/** In a transaction of isolation `current`. */
export async function compactKept(session: SqlSession, { id, name }: KeptRecord): Promise<void> {
  const [lock] = await session.query(`SELECT pg_try_advisory_xact_lock(${lockKey(`kept ${name}`)}) AS got`);
  // Another process adds them up or builds them anew; or they were dropped meanwhile.
  if (lock?.['got'] !== true) return;
  const [there] = await session.query(`SELECT to_regclass(${literal(deltasTable(id))}) IS NOT NULL AS present`);
  if (there?.['present'] !== true) return;
  const buckets = bucketsTable(id);
  await session.run(
    `WITH gone AS (DELETE FROM ${deltasTable(id)} WHERE bucket >= ${NULL_KEYS} RETURNING stream, bucket, n, h),
       d AS MATERIALIZED (${addedUp('gone')}),
       more AS MATERIALIZED (
         SELECT * FROM (SELECT bucket, batch_n - stream_n AS n, h FROM d WHERE bucket >= 0 UNION ALL ${countsAdded()}) added WHERE n <> 0 OR h <> 0),
       equal AS (DELETE FROM ${buckets} b USING more WHERE b.bucket = more.bucket AND b.bucket >= 0 AND b.n + more.n = 0 AND b.h + more.h = 0 RETURNING b.bucket)
     INSERT INTO ${buckets} AS b (bucket, n, h) SELECT * FROM more WHERE NOT EXISTS (SELECT FROM equal WHERE equal.bucket = more.bucket) ORDER BY bucket
     ON CONFLICT (bucket) DO UPDATE SET n = b.n + excluded.n, h = b.h + excluded.h`,
  );
}

/**
 * Digests all rows of the transaction's snapshot, and forgets the deltas that it sees: those are of rows that it has. Several buckets together first, for groups as
 * many as rows would take much memory; where those differ, each by itself.
 */
export async function buildBuckets(session: SqlSession, id: number, how: KeptBuckets, pair: KeptPair): Promise<void> {
  const [batch, stream] = pair.sides(how);
  const together = (bucket: string): string => `(${bucket}) / ${TOGETHER}`;
  const digest = (side: KeptSide): string =>
    `SELECT CASE WHEN bucket < 0 THEN ${NULL_KEYS} ELSE ${together('bucket')} END AS bucket, count(*) AS n, sum(h) AS h
     FROM ${hashedRows(side, side.relation)} hashed GROUP BY 1`;
  const within = (side: KeptSide): string =>
    hashedRows(
      side,
      `(SELECT * FROM ${side.relation} ${side.side} WHERE ${together(side.bucket)} IN (SELECT bucket FROM differing))`,
    );
  const counts = ({ side }: KeptSide): string =>
    `SELECT ${COUNTS[side].rows}, coalesce(sum(n), 0), 0 FROM ${side}
     UNION ALL SELECT ${COUNTS[side].nulls}, coalesce(sum(n), 0), 0 FROM ${side} WHERE bucket = ${NULL_KEYS}`;
  await session.script('SET LOCAL work_mem = "128MB"');
  await session.run(`DELETE FROM ${deltasTable(id)}`);
  await session.run(
    `WITH batch AS MATERIALIZED (${digest(batch)}), stream AS MATERIALIZED (${digest(stream)}),
     differing AS MATERIALIZED (
       SELECT coalesce(b.bucket, s.bucket) AS bucket FROM batch b FULL JOIN stream s ON b.bucket = s.bucket
       WHERE coalesce(b.bucket, s.bucket) >= 0 AND (b.n IS DISTINCT FROM s.n OR b.h IS DISTINCT FROM s.h))
     INSERT INTO ${bucketsTable(id)} (bucket, n, h)
     SELECT bucket, sum(sign), coalesce(sum(h) FILTER (WHERE sign = 1), 0) - coalesce(sum(h) FILTER (WHERE sign = -1), 0) FROM (
       SELECT bucket, h, 1 AS sign FROM ${within(batch)} b UNION ALL SELECT bucket, h, -1 FROM ${within(stream)} s) both_sides
     WHERE bucket >= 0 GROUP BY bucket HAVING sum(sign) <> 0 OR coalesce(sum(h) FILTER (WHERE sign = 1), 0) <> coalesce(sum(h) FILTER (WHERE sign = -1), 0)
     UNION ALL ${counts(batch)} UNION ALL ${counts(stream)}`,
  );
}
