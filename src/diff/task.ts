import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { DiffColumns } from './columns.js';
import type { DiffInput } from './input.js';
import type { Sides } from './sides.js';
import type { DiffStatements } from './statements.js';

/** Two sides to be compared in one store, and what its SQL for that is made of. */
export interface DiffTask {
  readonly session: SqlSession;
  readonly dialect: SqlDialect;
  readonly statements: DiffStatements;
  readonly sides: Sides;
  readonly columns: DiffColumns;
  readonly input: DiffInput;
}
