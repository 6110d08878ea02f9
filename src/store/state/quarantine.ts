import type { QuarantinedRecord } from '../../model/results.js';
import type { Row, SqlSession } from '../contract.js';

/** A record in quarantine, as it is read again. */
export interface Quarantined {
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  /** Null: only the reason was kept. */
  readonly raw: string | null;
  /** It is no record but the mark of a loss. */
  readonly lost: boolean;
}

/** Records that are retried: all, or one. */
export type QuarantineScope = 'all' | { readonly partition: string; readonly offset: number };

/** The newest records in quarantine. */
export async function newestRecords(session: SqlSession, limit: number): Promise<QuarantinedRecord[]> {
  const rows = await session.query(
    `SELECT o.name AS name, q."offset" AS at, q.reason AS reason, q.raw AS raw,
            CAST(extract(epoch FROM q.quarantined_at) * 1000000 AS BIGINT) AS us
     FROM cutover.quarantine q JOIN cutover.offsets o ON o.partition = q.partition
     ORDER BY q.quarantined_at DESC, q.partition, q."offset" LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    partition: String(row['name']),
    offset: Number(row['at']),
    reason: String(row['reason']),
    raw: textOf(row['raw']),
    quarantined_at: new Date(Math.floor(Number(row['us']) / 1000)).toISOString(),
  }));
}

/** Records of one partition from an offset on, in order. */
export async function recordsFrom(
  session: SqlSession,
  partition: number,
  from: number,
  limit: number,
): Promise<Quarantined[]> {
  const rows = await session.query(
    `SELECT "offset" AS at, reason, raw, lost FROM cutover.quarantine WHERE partition = ${partition} AND "offset" >= ${from} ORDER BY "offset" LIMIT ${limit}`,
  );
  return rows.map((row: Row) => ({
    partition,
    offset: Number(row['at']),
    reason: String(row['reason']),
    raw: textOf(row['raw']),
    lost: row['lost'] === true,
  }));
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** How many retries have brought events into the landing. They lie below former cuts: what was known of a cut before is no longer all of it. */
export async function countRetries(session: SqlSession): Promise<number> {
  const [row] = await session.query(`SELECT value FROM cutover.meta WHERE name = 'retries'`);
  return Number(row?.['value'] ?? 0);
}

/** To be called in the transaction that lands the retried events, under the lock `apply`. */
export async function countOneRetry(session: SqlSession): Promise<void> {
  const count = String((await countRetries(session)) + 1);
  await session.run(
    `INSERT INTO cutover.meta VALUES ('retries', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [count],
  );
}
