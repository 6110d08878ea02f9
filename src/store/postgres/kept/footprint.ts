import { messageOf } from '../../../model/errors.js';
import type { SqlSession } from '../../contract.js';
import type { KeptRecord } from '../../contract/kept.js';
import { bucketsTable, deltasTable, followFunction, indexName, triggerPrefix } from './names.js';

/** What stands in the database for the digests of two tables, one line each. */
export function madeFor(
  { id, indexed }: KeptRecord,
  relations: { readonly batch: string; readonly stream: string },
): string[] {
  const sides = ['batch', 'stream'] as const;
  return [
    `tables ${bucketsTable(id)} and ${deltasTable(id)}, and a row in cutover.kept`,
    ...sides.map((side) => {
      const index = indexed ? ` and the index ${indexName(id, side)}` : '';
      return `triggers ${triggerPrefix(id)}insert, _update, _delete and _truncate${index} on ${relations[side]}, and their function ${followFunction(id, side)}`;
    }),
  ];
}

/**
 * Outside a transaction: removes the table of all digests, and the schema, where nothing else is in them. A store of cutover's own keeps both. Returns what
 * was removed.
 */
export async function dropUnused(session: SqlSession): Promise<string[]> {
  const removed: string[] = [];
  const table = await session.transaction(async () => {
    const [there] = await session.query(
      `SELECT to_regclass('cutover.kept') IS NOT NULL AND to_regclass('cutover.migrations') IS NULL AS alone`,
    );
    if (there?.['alone'] !== true) return false;
    await session.run('LOCK TABLE cutover.kept IN ACCESS EXCLUSIVE MODE');
    const [row] = await session.query('SELECT count(*) AS n FROM cutover.kept');
    if (Number(row?.['n']) > 0) return false;
    await session.run('DROP TABLE cutover.kept');
    return true;
  }, 'current');
  if (!table) return removed;
  removed.push('table cutover.kept');
  try {
    await session.run('DROP SCHEMA cutover');
    removed.push('schema cutover');
  } catch (error) {
    // Somebody else has things in it, or made it.
    removed.push(`(the schema cutover stays: ${messageOf(error).split('\n', 1)[0] ?? ''})`);
  }
  return removed;
}
