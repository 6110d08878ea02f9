import type { KeptDigests, KeptRecord } from '../../contract/kept.js';
import type { Row } from '../../contract.js';
import { checkKept, compactKept, markOf, readKept } from './digests.js';
import { dropKept, installKept } from './install.js';
import { changeOf, shapesOf, type StoredShape } from './shape.js';

function recordOf(row: Row): KeptRecord {
  const state = String(row['state']);
  return {
    id: Number(row['id']),
    name: String(row['name']),
    buckets: Number(row['buckets']),
    shift: shapeIn(String(row['shape'])).shift ?? null,
    state: state === 'ready' || state === 'building' ? state : 'disagreed',
    reason: String(row['reason']),
    checkedAt: new Date(Number(row['checked_ms'])),
    indexed: row['indexed'] === true,
    shape: String(row['shape']),
  };
}

/** As it was stored: of digests that are being built nothing, of those by the key's hash no shift. */
function shapeIn(text: string): StoredShape {
  return text === '' ? {} : (JSON.parse(text) as StoredShape);
}

/** Digests kept by triggers for statements, which append what they did (docs/incremental.md). */
export const keptDigests: KeptDigests = {
  find: async (session, name) => {
    const [table] = await session.query(`SELECT to_regclass('cutover.kept') IS NOT NULL AS present`);
    if (table?.['present'] !== true) return null;
    const [row] = await session.query(
      `SELECT id, name, buckets, state, reason, indexed, shape, CAST(extract(epoch FROM checked_at) * 1000 AS BIGINT) AS checked_ms
       FROM cutover.kept WHERE name = $1`,
      [name],
    );
    return row === undefined ? null : recordOf(row);
  },
  install: installKept,
  drop: dropKept,
  unusable: async (session, record, pair) => {
    if (record.state !== 'ready') return record.reason;
    const sides = pair.sides(record);
    const built = shapeIn(record.shape);
    // Held to the end of the transaction: a TRUNCATE would show in a snapshot that is older than it.
    const before = `LOCK TABLE ${sides.map(({ relation }) => relation).join(', ')} IN ACCESS SHARE MODE; `;
    const { shapes, answer } = await shapesOf(session, record.id, sides, { built, before, also: markOf(record.id) });
    for (const { side, found } of shapes) {
      const change = found.obstacle ?? changeOf(side.relation, built[side.side], found.shape);
      if (change !== null) return change;
    }
    return answer;
  },
  read: readKept,
  check: checkKept,
  compact: (session, record) => session.transaction(() => compactKept(session, record), 'current'),
  save: async (session, { id }, change) => {
    if ('checkedAt' in change)
      await session.run(
        `UPDATE cutover.kept SET checked_at = greatest(checked_at, CAST($1 AS TIMESTAMPTZ)) WHERE id = $2`,
        [change.checkedAt.toISOString(), id],
      );
    else
      await session.run(`UPDATE cutover.kept SET state = 'disagreed', reason = $1 WHERE id = $2`, [
        change.disagreed,
        id,
      ]);
  },
};
