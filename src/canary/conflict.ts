import { messageOf } from '../model/errors.js';

/** PostgreSQL: serialization failure, deadlock, unique violation, lock not available. */
const SQL_STATES = new Set(['40001', '40P01', '23505', '55P03']);

/** DuckDB tells the second of two writers of one row, key or catalog entry only by its message. */
const MESSAGES =
  /write-write conflict|conflict on (?:tuple|update|delete|insert)|TransactionContext Error.*conflict|PRIMARY KEY or UNIQUE constraint|violates (?:primary key|unique) constraint/i;

/** True for errors that mean "somebody else writes the same canary at this moment". */
export function isConflict(error: unknown): boolean {
  if (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    SQL_STATES.has(error.code)
  )
    return true;
  if (MESSAGES.test(messageOf(error))) return true;
  return error instanceof Error && error.cause !== undefined && isConflict(error.cause);
}
