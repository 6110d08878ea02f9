import { CutoverError } from '../../model/errors.js';
import type { SqlSession } from '../contract.js';

/** Ties the store to one event log. Errors: STORE_OTHER_LOG. */
export async function claimForLog(session: SqlSession, identity: string): Promise<void> {
  const [row] = await session.query(`SELECT value FROM cutover.meta WHERE name = 'log'`);
  if (row === undefined) {
    await session.run(`INSERT INTO cutover.meta VALUES ('log', $1)`, [identity]);
  } else if (row['value'] !== identity) {
    throw new CutoverError(
      'STORE_OTHER_LOG',
      `the store holds offsets of the log ${String(row['value'])}, but the configuration names ${identity}`,
      'Give the new log a store of its own (store.path), or restore the former log.',
    );
  }
}
