import type { SqlSession } from '../contract.js';

/** How busy a server is with others. */
export interface Activity {
  /** Other sessions that run a statement, as far as the user may see them (all with the rights of `pg_monitor`). */
  readonly active: number;
  /** Seconds by which the slowest replica is behind; 0: there is none, or it may not be seen. */
  readonly lag: number;
}

/** What a server is doing at this moment, also inside a transaction. */
export async function activityOf(session: SqlSession): Promise<Activity> {
  // Else it would be what it was when the transaction first asked.
  await session.query('SELECT pg_stat_clear_snapshot()');
  const [row] = await session.query(
    `SELECT (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS active,
            (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) FROM pg_stat_replication) AS lag`,
  );
  return { active: Number(row?.['active'] ?? 0), lag: Number(row?.['lag'] ?? 0) };
}
