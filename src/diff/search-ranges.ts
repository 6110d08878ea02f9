import type { KeyRangeSql, SqlDialect, SqlSession } from '../store/contract.js';
import { countSides, searchCandidates, type Counts, type Searched } from './candidates.js';
import type { DiffColumns } from './columns.js';
import type { DiffInput } from './input.js';
import type { Reading } from './fetch.js';
import { ROWS_IN_RANGE, SMALL_TABLE } from './plan.js';
import { compareRanges } from './ranges.js';
import type { Side, Sides, SideSource } from './sides.js';
import type { DiffStatements } from './statements.js';
import type { SideRows } from './tally.js';

/** Where to cut the tables into key ranges; null: not, or not wanted. */
export async function boundsFor(
  session: SqlSession,
  dialect: SqlDialect,
  input: DiffInput,
  { key: [first] }: DiffColumns,
  counts: Counts,
): Promise<readonly string[] | null> {
  const asked = input.strategy === undefined || input.strategy === 'ranges';
  // Rows of a key that is duplicate on both sides would all be joined with each other.
  const { batch, stream } = input.unique;
  const small = Math.max(counts.batch.rows, counts.stream.rows) < SMALL_TABLE;
  if (
    !asked ||
    (!batch && !stream) ||
    (small && input.strategy === undefined) ||
    first === undefined ||
    dialect.keyRanges === null
  )
    return null;
  return dialect.keyRanges.bounds(session, { batch: input.batch, stream: input.stream }, first, ROWS_IN_RANGE);
}

/** By ranges of the key; the few in which keys are duplicate are then searched by a join. */
export async function searchRanges(
  reading: Reading,
  statements: DiffStatements,
  sql: KeyRangeSql,
  sides: Sides,
  bounds: readonly string[],
  stop: () => boolean,
): Promise<Searched> {
  const { session } = reading;
  const { rows, withDuplicates, complete } = await compareRanges(reading, statements, sql, sides, bounds, stop);
  const nulls = {
    batch: sides.batch.unique ? 0 : await countNulls(session, statements, sides.batch),
    stream: sides.stream.unique ? 0 : await countNulls(session, statements, sides.stream),
  };
  let again: Searched['rows'] | undefined;
  if (withDuplicates.length > 0) {
    const within = {
      batch: statements.within(sides.batch, withDuplicates),
      stream: statements.within(sides.stream, withDuplicates),
    };
    const counts = { ...(await countSides(session, statements, within)), exact: true };
    ({ rows: again } = await searchCandidates(
      reading,
      statements,
      within,
      { strategy: 'join', buckets: 0 },
      counts,
      () => false,
    ));
  }
  const total = (side: Side): SideRows => ({
    rows: rows[side] + nulls[side] + (again === undefined ? 0 : again[side].rows - again[side].nulls),
    nulls: nulls[side],
  });
  return { rows: { batch: total('batch'), stream: total('stream') }, digest: {}, complete };
}

async function countNulls(session: SqlSession, statements: DiffStatements, source: SideSource): Promise<number> {
  const [row] = await session.query(statements.countNullKeys(source));
  return Number(row?.['n'] ?? 0);
}
