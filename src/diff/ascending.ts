import type { SqlSession } from '../store/contract.js';
import type { Sides, SideSource } from './sides.js';
import type { DiffStatements } from './statements.js';

/**
 * A side of which the rows stand in strictly ascending order of the key, without a NULL in it, can have no key twice: known at the price of reading the key
 * once, where grouping by the key costs more than all the rest of a comparison. Stops at the first row that is out of order.
 */
async function ascends(session: SqlSession, statements: DiffStatements, source: SideSource): Promise<boolean> {
  const statement = statements.outOfOrder(source);
  if (statement === undefined) return false;
  const found = await session.query(statement);
  // The first row of all has none before it.
  return found.length <= 1 && found.every((row) => row['null_key'] === false);
}

/** Marks a side as unique if its rows are seen to stand in the order of the key; where digests agree, one such side vouches for the other. */
export async function oneAscending(session: SqlSession, statements: DiffStatements, sides: Sides): Promise<Sides> {
  const { batch, stream } = sides;
  if (batch.unique || stream.unique) return sides;
  if (await ascends(session, statements, batch)) return { ...sides, batch: { ...batch, unique: true } };
  if (await ascends(session, statements, stream)) return { ...sides, stream: { ...stream, unique: true } };
  return sides;
}

/** The same for the side that is left, where rows differ. */
export async function bothAscending(session: SqlSession, statements: DiffStatements, sides: Sides): Promise<Sides> {
  const { batch, stream } = sides;
  // When neither was seen to ascend before, neither does now.
  if (batch.unique === stream.unique) return sides;
  if (stream.unique) return { ...sides, batch: { ...batch, unique: await ascends(session, statements, batch) } };
  return { ...sides, stream: { ...stream, unique: await ascends(session, statements, stream) } };
}
