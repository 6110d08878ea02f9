import type { OffsetVector } from '../../model/offset-vector.js';
import type { PartitionState } from '../../model/partition.js';
import { stampText } from '../../model/stamp.js';
import type { Row, SqlSession } from '../contract.js';

/**
 * The offset vector with what the log needs to resume. As the first statement of a transaction it takes the snapshot, and so names the cut.
 */
export async function loadPartitions(session: SqlSession): Promise<PartitionState[]> {
  const rows = await session.query(
    'SELECT partition, name, next_offset, position FROM cutover.offsets ORDER BY partition',
  );
  return rows.map(stateOf);
}

function stateOf(row: Row): PartitionState {
  return {
    partition: Number(row['partition']),
    name: String(row['name']),
    nextOffset: Number(row['next_offset']),
    position: String(row['position']),
  };
}

export function vectorOf(partitions: readonly PartitionState[]): OffsetVector {
  return new Map(partitions.map(({ partition, nextOffset }) => [partition, nextOffset]));
}

/** The moment (microseconds since the epoch) of the newest micro-batch; 0 before the first. */
export async function newestStamp(session: SqlSession): Promise<number> {
  const [row] = await session.query(
    'SELECT CAST(extract(epoch FROM max(updated_at)) * 1000000 AS BIGINT) AS us FROM cutover.offsets',
  );
  return Number(row?.['us'] ?? 0);
}

/**
 * The moment of the newest micro-batch that the session's snapshot holds, as UTC text; null before the first. (A partition that was only claimed has a
 * moment of its own.)
 */
export async function newestLanded(session: SqlSession): Promise<string | null> {
  const [row] = await session.query(
    `SELECT CAST(extract(epoch FROM max(updated_at)) * 1000000 AS BIGINT) AS us FROM cutover.offsets WHERE position <> ''`,
  );
  const us = row?.['us'];
  return us === null || us === undefined || Number(us) === 0 ? null : stampText(Number(us));
}

/** Marks a partition as changed at a moment, where events of it landed without moving it on. */
export async function touchPartition(session: SqlSession, partition: number, at: string): Promise<void> {
  await session.run('UPDATE cutover.offsets SET updated_at = CAST($2 AS TIMESTAMPTZ) WHERE partition = $1', [
    partition,
    at,
  ]);
}

/** Of a partition that no micro-batch has moved. */
const NO_MOMENT = `TIMESTAMPTZ '1970-01-01 00:00:00+00'`;

/** A micro-batch's step of one partition. */
export interface PartitionStep {
  readonly state: PartitionState;
  /** Where the partition must stand for the step to be taken: `nextOffset` before it. */
  readonly from: number;
  /** The claim under which the events were read; 0 without claims. */
  readonly epoch: number;
  /** The micro-batch's moment, as UTC text with microseconds. */
  readonly at: string;
}

/**
 * Moves one partition forward, in the transaction that lands its events. Returns false, and changes nothing, when the partition does not stand
 * where the events begin or was claimed by another process: then they must not be committed.
 */
export async function stepPartition(session: SqlSession, { state, from, epoch, at }: PartitionStep): Promise<boolean> {
  const changed = await session.run(
    `UPDATE cutover.offsets SET next_offset = $2, position = $3, updated_at = CAST($4 AS TIMESTAMPTZ)
     WHERE partition = $1 AND epoch = $6 AND (next_offset = $5 OR position = '')`,
    [state.partition, state.nextOffset, state.position, at, from, epoch],
  );
  if (changed > 0 || epoch > 0) return changed === 1;
  const added = await session.run(
    `INSERT INTO cutover.offsets (partition, name, next_offset, position, updated_at, epoch)
     VALUES ($1, $2, $3, $4, CAST($5 AS TIMESTAMPTZ), 0) ON CONFLICT (partition) DO NOTHING`,
    [state.partition, state.name, state.nextOffset, state.position, at],
  );
  return added === 1;
}

/**
 * Keeps where a partition begins of which nothing is known yet. It is no micro-batch, and has no moment. To be called in a transaction that holds the lock `claim`.
 */
export async function keepStart(
  session: SqlSession,
  { name, nextOffset, position }: Omit<PartitionState, 'partition'>,
): Promise<void> {
  await session.run(
    `INSERT INTO cutover.offsets (partition, name, next_offset, position, updated_at, epoch)
     SELECT (SELECT coalesce(max(partition) + 1, 0) FROM cutover.offsets), CAST($1 AS VARCHAR), 0, '', ${NO_MOMENT}, 0
     WHERE NOT EXISTS (SELECT 1 FROM cutover.offsets WHERE name = $1)`,
    [name],
  );
  await session.run(`UPDATE cutover.offsets SET next_offset = $2, position = $3 WHERE name = $1 AND position = ''`, [
    name,
    nextOffset,
    position,
  ]);
}

/**
 * Raises the epoch of a partition, which is registered at offset 0 when it is new. To be called in a transaction that holds the lock `claim`.
 *
 * @param at the moment, as UTC text
 */
export async function claimPartition(
  session: SqlSession,
  name: string,
  at: string,
): Promise<PartitionState & { readonly epoch: number }> {
  await session.run(
    `INSERT INTO cutover.offsets (partition, name, next_offset, position, updated_at, epoch)
     SELECT (SELECT coalesce(max(partition) + 1, 0) FROM cutover.offsets), CAST($1 AS VARCHAR), 0, '', CAST($2 AS TIMESTAMPTZ), 0
     WHERE NOT EXISTS (SELECT 1 FROM cutover.offsets WHERE name = $1)`,
    [name, at],
  );
  const [row] = await session.query(
    'UPDATE cutover.offsets SET epoch = epoch + 1 WHERE name = $1 RETURNING partition, name, next_offset, position, epoch',
    [name],
  );
  if (row === undefined) throw new Error(`no offsets of ${name}`);
  return { ...stateOf(row), epoch: Number(row['epoch']) };
}
