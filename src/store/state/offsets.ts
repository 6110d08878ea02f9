import type { OffsetVector } from '../../model/offset-vector.js';
import type { PartitionState } from '../../model/partition.js';
import type { SqlSession } from '../contract.js';

/**
 * The offset vector with what the log needs to resume. As the first statement of a transaction it takes the snapshot, and so names the cut.
 */
export async function loadPartitions(session: SqlSession): Promise<PartitionState[]> {
  const rows = await session.query(
    'SELECT partition, name, next_offset, position FROM cutover.offsets ORDER BY partition',
  );
  return rows.map((row) => ({
    partition: Number(row['partition']),
    name: String(row['name']),
    nextOffset: Number(row['next_offset']),
    position: String(row['position']),
  }));
}

export function vectorOf(partitions: readonly PartitionState[]): OffsetVector {
  return new Map(partitions.map(({ partition, nextOffset }) => [partition, nextOffset]));
}

/** Moves one partition forward, in the transaction that lands its events. */
export async function savePartition(session: SqlSession, state: PartitionState, at: Date): Promise<void> {
  await session.run(
    `INSERT INTO cutover.offsets (partition, name, next_offset, position, updated_at) VALUES ($1, $2, $3, $4, CAST($5 AS TIMESTAMPTZ))
     ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset, position = excluded.position, updated_at = excluded.updated_at`,
    [state.partition, state.name, state.nextOffset, state.position, at.toISOString()],
  );
}
