import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { begun, compareChunks, type ChunkRun, type ChunksDone } from './chunks.js';
import { chooseSlices } from './choose-slices.js';
import { columnsOf, type DiffColumns } from './columns.js';
import { compareTables } from './compare.js';
import type { ComparedColumn } from './compared-column.js';
import type { DiffInput, DiffOutcome } from './input.js';
import { SideExpressions } from './side-expressions.js';
import type { Side } from './sides.js';
import { inBuckets, inRanges, requireAscending, type SlicedColumn, type SliceRun, type Slices } from './slices.js';

/**
 * Compares two tables of one store part by part of their keys: as `compareTables` does, in the caller's transaction, with the same counts. Looks for nothing that
 * the differences have in common. Errors: those of `compareTables`, and of `run.onChunk`.
 */
export async function compareInChunks(
  session: SqlSession,
  dialect: SqlDialect,
  input: DiffInput,
  run: ChunkRun,
): Promise<ChunksDone & { readonly found: DiffOutcome }> {
  const columns = await columnsOf(session, dialect, input);
  const side = (name: Side) => ({
    session,
    dialect,
    relation: input[name],
    key: columns.key.map((pair) => slicedColumn(pair, name)),
  });
  const types = [...columns.key, ...columns.compared].map(
    ({ name, batch, stream }) => `${name}: ${batch.type}, ${stream.type}`,
  );
  const start = run.before ?? (await cut({ batch: side('batch'), stream: side('stream') }, run, types));
  const { slices } = start;
  requireTypes(start.types, types);
  for (const name of ['batch', 'stream'] as const) {
    const column = side(name).key[slices.column];
    if (column !== undefined) await requireAscending(session, dialect, slices, column);
  }
  // Further readers would not see a part that was taken out, and one worker is promised to a busy server.
  const { profile: _, progress: __, stopAfter: ___, readers: ____, ...rest } = input;
  // Key ranges within key ranges: one join for each chunk reads every row once.
  const strategy = input.strategy ?? (dialect.keyRanges !== null && slices.count > 1 ? 'join' : undefined);
  const question = { key: columns.key, limit: input.limit, stopAfter: input.stopAfter };
  const asked = { ...rest, ...(strategy === undefined ? {} : { strategy }) };
  // Where each statement would read the whole table to find the part, it is taken out once; a server may not be written to.
  const apart = dialect.kind === 'duckdb' && (slices.kind === 'text' || slices.kind === 'hash');
  return compareChunks(start, run, question, async (wanted, stopAfter) => {
    const part = {
      batch: condition(dialect, columns, slices, 'batch', wanted),
      stream: condition(dialect, columns, slices, 'stream', wanted),
    };
    if (!apart) return compareTables(session, dialect, { ...asked, part, stopAfter });
    const taken = {
      batch: await takeOut(session, asked, part, 'batch'),
      stream: await takeOut(session, asked, part, 'stream'),
    };
    const found = await compareTables(session, dialect, { ...asked, ...taken, stopAfter });
    for (const side of ['batch', 'stream'] as const) await session.forget(chunkTable(side));
    return found;
  });
}

function chunkTable(side: Side): string {
  return `cutover_chunk_${side}`;
}

/** Keeps a part of a side in a temporary table. Returns its relation. */
async function takeOut(
  session: SqlSession,
  input: Pick<DiffInput, Side>,
  part: Readonly<Record<Side, string>>,
  side: Side,
): Promise<string> {
  await session.materialize(chunkTable(side), `SELECT * FROM ${input[side]} AS cutover_side WHERE ${part[side]}`);
  return chunkTable(side);
}

async function cut(
  sides: Parameters<typeof chooseSlices>[0],
  run: ChunkRun,
  types: readonly string[],
): Promise<ChunksDone> {
  const { slices, rows } = await chooseSlices(sides, run.rowsInSlice, true);
  return begun(slices, rows, types);
}

/** A column of texts gets the type that its values allow, which may be another one when a table was written in between. Errors: RESUME_OTHER. */
function requireTypes(before: readonly string[], now: readonly string[]): void {
  const other = now.filter((type, index) => type !== before[index]);
  if (other.length === 0 && before.length === now.length) return;
  throw new CutoverError(
    'RESUME_OTHER',
    `columns are compared in other types than those in which the comparison was begun: ${other.join('; ')}`,
    'Remove the file given with --resume, and compare from the beginning.',
  );
}

/** A key column as a side has it. */
export function slicedColumn(pair: ComparedColumn, side: Side): SlicedColumn {
  return side === 'batch' ? { self: pair.batch, other: pair.stream } : { self: pair.stream, other: pair.batch };
}

function condition(dialect: SqlDialect, columns: DiffColumns, slices: Slices, side: Side, run: SliceRun): string {
  if (slices.kind === 'whole') return 'TRUE';
  if (slices.kind === 'hash') {
    const { bucket, nullKey } = new SideExpressions(dialect, columns, () => '').digested(side, {
      buckets: slices.count,
    });
    return inBuckets(`CASE WHEN ${nullKey} THEN -1 ELSE ${bucket} END`, run);
  }
  const pair = columns.key[slices.column];
  return pair === undefined ? 'TRUE' : inRanges(dialect, slices, slicedColumn(pair, side), run);
}
