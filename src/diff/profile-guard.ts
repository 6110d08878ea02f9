import type { DiffProfile } from '../model/diff-profile.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

const SAVEPOINT = 'cutover_profile';

export const NO_PROFILE = 'what the differences have in common could not be found out';

/** A profile, or what kept it from being made. */
export interface Profiled {
  readonly profile?: DiffProfile;
  readonly notes: readonly string[];
}

/**
 * Makes a profile, in the caller's transaction. The verdict does not hang on it: where it fails, a note says so and the comparison stands. Errors: those
 * after which the session is of no use any longer.
 */
export async function profiled(
  session: SqlSession,
  dialect: SqlDialect,
  make: () => Promise<DiffProfile>,
): Promise<Profiled> {
  // PostgreSQL gives a whole transaction up for a statement that fails.
  const marked = dialect.kind === 'postgres';
  if (marked) await session.script(`SAVEPOINT ${SAVEPOINT}`);
  try {
    const profile = await make();
    if (marked) await session.script(`RELEASE SAVEPOINT ${SAVEPOINT}`);
    return { profile, notes: [] };
  } catch (error) {
    if (endsAll(error)) throw error;
    try {
      // DuckDB goes on after some failures, and ends the transaction after others.
      await session.script(marked ? `ROLLBACK TO SAVEPOINT ${SAVEPOINT}` : 'SELECT 1');
    } catch {
      throw error;
    }
    return unprofiled(error);
  }
}

/** Whether nothing more can be done after an error, or is to be. */
export function endsAll(error: unknown): boolean {
  if (error instanceof CutoverError && (error.code === 'INTERRUPTED' || error.code === 'STORE_CONNECTION_LOST'))
    return true;
  return /^INTERRUPT Error/.test(messageOf(error));
}

/** Says what kept a profile from being made. */
export function unprofiled(error: unknown): Profiled {
  return { notes: [`${NO_PROFILE}: ${firstLine(messageOf(error))}`] };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
