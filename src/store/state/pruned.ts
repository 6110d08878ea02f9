import type { SqlSession } from '../contract.js';

/** What was taken out of the landing of one partition: `events` of those in [first, below). The others landed later, or are in quarantine. */
export interface Pruned {
  readonly partition: number;
  readonly first: number;
  readonly below: number;
  readonly events: number;
  /** The newest stamp among them, as UTC text with microseconds. */
  readonly through: string;
}

export async function loadPruned(session: SqlSession): Promise<Pruned[]> {
  const rows = await session.query(
    'SELECT partition, first, below, events, CAST(through AS VARCHAR) AS through FROM cutover.pruned ORDER BY partition',
  );
  return rows.map((row) => ({
    partition: Number(row['partition']),
    first: Number(row['first']),
    below: Number(row['below']),
    events: Number(row['events']),
    through: String(row['through']),
  }));
}

/**
 * Takes out of the landing what arrived before a moment, and notes it. To be called in a transaction of isolation `snapshot`: what is counted is what is
 * taken out. Returns how many events those were.
 *
 * @param before UTC text
 */
export async function pruneLanding(session: SqlSession, before: string): Promise<number> {
  const old = `_ingested_at < CAST('${before}' AS TIMESTAMPTZ)`;
  const rows = await session.query(
    `SELECT _partition AS partition, min(_offset) AS first, max(_offset) + 1 AS below, count(*) AS events, CAST(max(_ingested_at) AS VARCHAR) AS through
     FROM cutover.landing WHERE ${old} GROUP BY _partition ORDER BY _partition`,
  );
  if (rows.length === 0) return 0;
  const former = new Map((await loadPruned(session)).map((one) => [one.partition, one]));
  await session.run(`DELETE FROM cutover.landing WHERE ${old}`);
  let pruned = 0;
  for (const row of rows) {
    const partition = Number(row['partition']);
    const known = former.get(partition);
    pruned += Number(row['events']);
    await session.run(
      `INSERT INTO cutover.pruned VALUES ($1, $2, $3, $4, CAST($5 AS TIMESTAMPTZ))
       ON CONFLICT (partition) DO UPDATE SET first = excluded.first, below = excluded.below, events = excluded.events, through = excluded.through`,
      [
        partition,
        Math.min(Number(row['first']), known?.first ?? Infinity),
        Math.max(Number(row['below']), known?.below ?? 0),
        Number(row['events']) + (known?.events ?? 0),
        String(row['through']),
      ],
    );
  }
  return pruned;
}
