import type { Row } from '../model/cell.js';
import { counted } from '../model/counts.js';
import { CutoverError } from '../model/errors.js';
import type { SideBySideSql, SqlDialect, SqlSession } from '../store/contract.js';
import type { Searched } from './candidates.js';
import type { DiffColumns } from './columns.js';
import { judgeAll, mostHeld, type Reading } from './fetch.js';
import { SMALL_TABLE } from './plan.js';
import { rangesBetween } from './ranges.js';
import type { KeyRange, SideSource } from './sides.js';
import type { DiffStatements } from './statements.js';
import type { DiffTask } from './task.js';

/**
 * With more readers than this digests are quicker, which use all processors in one statement. Measured with 10M x 10M rows in Parquet and 2 processors (time of all
 * processors), when keys and values still had a pass each: both passes 1.6 s, digests and what belongs to them 2.5 s, with 1,000 differences 5.3 s.
 */
const MOST_READERS = 4;

/** Pieces of work for each reader, so that none waits long for the others. */
const PIECES = 2;

/** Rows at the head of both sides that are looked at first. */
const HEAD = 1000;

/** Families of key columns whose values come back from their texts as they were. */
const CUTTABLE: ReadonlySet<string> = new Set(['integer', 'decimal', 'text', 'date', 'timestamp', 'timestamptz']);

/**
 * Compares two sides whose rows stand in the same order, as files do that two programs wrote sorted by the key: the first row of one with the first of the
 * other, and so on. One look proves that the keys ascend strictly, hold no NULL and are the same on both sides, row by row, so that every row has found its
 * partner without a hash or a join; the same look holds the rows whose values differ until that is proven. Where they are many, the keys are looked at first and
 * the values after. Both sides are cut into ranges of the first key column that several readers share.
 *
 * @param stop asked now and then: whether enough was found
 * @returns null where the rows do not stand like that, or where it would not pay: nothing was told or counted then
 */
export async function searchInStep(
  reading: Reading,
  task: DiffTask,
  stop: () => boolean,
): Promise<(Searched & { readonly reason: string }) | null> {
  const { progress } = reading;
  const likely = await likelyInStep(task);
  if (likely === null) return null;
  const { rows, ranges, reason } = likely;
  return likely.sql.onItsOwn(task.session, async () => {
    progress?.update('comparing row by row', 0, ranges.length);
    const most = Math.min(mostHeld(task.columns), task.input.stopAfter ?? Infinity);
    const once = await lookOnce(task, ranges, most, (done) =>
      progress?.update('comparing row by row', done, ranges.length),
    );
    if (once === 'apart') return null;
    let complete = true;
    if (once === 'many') {
      if (!(await inStep(task, ranges))) return null;
      complete = await compareValues(reading, task, ranges, stop);
    } else for (const candidates of once) judgeAll(reading, candidates, reading.listing.source());
    return { rows: { batch: { rows, nulls: 0 }, stream: { rows, nulls: 0 } }, digest: {}, complete, reason };
  });
}

function readersOf({ input }: DiffTask): readonly SqlSession[] {
  return input.readers ?? [];
}

interface InStep {
  /** Of each side. */
  readonly rows: number;
  readonly ranges: readonly KeyRange[];
  readonly reason: string;
  readonly sql: SideBySideSql;
}

/** Looks at the keys; null where they do not stand like that, or where it would not pay to look. */
export async function findInStep(task: DiffTask): Promise<Pick<InStep, 'rows' | 'reason'> | null> {
  const likely = await likelyInStep(task);
  if (likely === null) return null;
  task.input.progress?.update('looking at the order of rows', 0);
  const proven = await likely.sql.onItsOwn(task.session, () => inStep(task, likely.ranges));
  return proven ? likely : null;
}

/** What is known without a look at every row; null where it would not pay. Rows whose key holds a NULL are in no range: there are none. */
async function likelyInStep(task: DiffTask): Promise<InStep | null> {
  const { session, statements, dialect, sides, columns, input } = task;
  const readers = readersOf(task);
  const sql = dialect.sideBySide;
  const { batch, stream } = sides;
  const asked = input.strategy === 'in_step';
  if (sql === null || readers.length === 0 || batch.filter !== undefined || stream.filter !== undefined) return null;
  if (!asked && (input.strategy !== undefined || readers.length > MOST_READERS)) return null;
  const rows = await countOf(session, statements, batch);
  if (rows === 0 || rows !== (await countOf(session, statements, stream)) || (rows < SMALL_TABLE && !asked))
    return null;
  if (!(await beginsInStep(task))) return null;
  const bounds = await boundsOf(session, dialect, batch, columns, rows, PIECES * readers.length);
  const ranges = rangesBetween(bounds);
  const [first] = ranges;
  if (first === undefined || !(await sql.streams(session, statements.inStep(sides, first)))) return null;
  for (const side of [batch, stream])
    if ((await session.query(statements.firstKeyIsNull(side))).length > 0) return null;
  const reason = `rows stand in the same order on both sides: read side by side by ${counted(readers.length, 'reader')}`;
  return { rows, ranges, reason, sql };
}

/** Most files whose rows stand in other orders do so from the start: known for next to nothing. */
async function beginsInStep({ session, statements, sides }: DiffTask): Promise<boolean> {
  const head = (source: SideSource): SideSource => ({
    ...source,
    relation: `(SELECT * FROM ${source.relation} LIMIT ${HEAD})`,
  });
  const heads = { batch: head(sides.batch), stream: head(sides.stream) };
  const found = await session.query(statements.outOfStep(heads, { from: undefined, to: undefined }));
  return found.length === 0;
}

/**
 * Looks at keys and values at once.
 *
 * @param most rows held
 * @returns the candidates of each range in order; `apart` as soon as two keys are not in step, `many` as soon as there are more candidates than may be held
 */
async function lookOnce(
  task: DiffTask,
  ranges: readonly KeyRange[],
  most: number,
  told: (done: number) => void,
): Promise<readonly (readonly Row[])[] | 'apart' | 'many'> {
  const { statements, sides } = task;
  const found = new Map<KeyRange, Row[]>();
  let held = 0;
  let ended: 'apart' | 'many' | undefined;
  await shared(readersOf(task), ranges, async (reader, range) => {
    if (ended !== undefined) return;
    const candidates: Row[] = [];
    for await (const rows of reader.cursor(statements.inStep(sides, range))) {
      candidates.push(...rows);
      held += rows.length;
      if (rows.some((row) => row['present'] !== 'both')) ended = 'apart';
      else if (held > most) ended ??= 'many';
      if (ended !== undefined) return;
    }
    found.set(range, candidates);
    told(found.size);
  });
  return ended ?? ranges.map((range) => found.get(range) ?? []);
}

/** Whether the keys of every range are in step. */
async function inStep(task: DiffTask, ranges: readonly KeyRange[]): Promise<boolean> {
  const { statements, sides } = task;
  let agree = true;
  await shared(readersOf(task), ranges, async (reader, range) => {
    if (!agree) return;
    if ((await reader.query(statements.outOfStep(sides, range))).length > 0) agree = false;
  });
  return agree;
}

async function compareValues(
  reading: Reading,
  task: DiffTask,
  ranges: readonly KeyRange[],
  stop: () => boolean,
): Promise<boolean> {
  const { progress } = reading;
  const { statements, sides } = task;
  let complete = true;
  let done = 0;
  progress?.update('comparing row by row', 0, ranges.length);
  await shared(readersOf(task), ranges, async (reader, range) => {
    if (!complete) return;
    const list = reading.listing.source();
    for await (const rows of reader.cursor(statements.sideBySide(sides, range))) {
      if (rows.some((row) => row['present'] !== 'both'))
        throw new CutoverError(
          'INTERNAL',
          'two rows of different keys were compared: a side changed, or its rows came in another order than before',
          'Compare again with --strategy digest, and please report it if no side changed.',
        );
      judgeAll(reading, rows, list);
      if (stop()) {
        complete = false;
        return;
      }
    }
    done += 1;
    progress?.update('comparing row by row', done, ranges.length);
  });
  return complete;
}

async function countOf(session: SqlSession, statements: DiffStatements, source: SideSource): Promise<number> {
  const [row] = await session.query(statements.count({ ...source, unique: true }));
  return Number(row?.['n'] ?? 0);
}

/** Ascending literals that cut the first key column into about as many pieces; none where its values might not come back as they were. */
async function boundsOf(
  session: SqlSession,
  dialect: SqlDialect,
  batch: SideSource,
  { key: [first] }: DiffColumns,
  rows: number,
  pieces: number,
): Promise<string[]> {
  if (first === undefined || first.batch.type !== first.stream.type || !CUTTABLE.has(first.batch.family)) return [];
  const column = `${batch.side}.${dialect.quote(first.batch.name)}`;
  const picks = Array.from(
    { length: pieces - 1 },
    (_, index) =>
      `(SELECT ${column} AS k FROM ${batch.relation} ${batch.side} LIMIT 1 OFFSET ${Math.floor((rows * (index + 1)) / pieces)})`,
  );
  if (picks.length === 0) return [];
  const found = await session.query(
    `SELECT CAST(k AS VARCHAR) AS bound FROM (SELECT DISTINCT k FROM (${picks.map((pick) => `SELECT k FROM ${pick} picked`).join(' UNION ALL ')}) all_picked) picks
     WHERE TRY_CAST(CAST(k AS VARCHAR) AS ${first.batch.type}) = k ORDER BY k`,
  );
  return found.map((row) => `CAST(${dialect.literal(String(row['bound']))} AS ${first.batch.type})`);
}

/** Each reader takes the next piece as soon as it is free. After an error none takes another, and it is thrown when all have ended. */
async function shared<T>(
  readers: readonly SqlSession[],
  pieces: readonly T[],
  work: (reader: SqlSession, piece: T) => Promise<void>,
): Promise<void> {
  const queue = [...pieces];
  const ended = await Promise.allSettled(
    readers.map(async (reader) => {
      for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
        try {
          await work(reader, piece);
        } catch (error) {
          queue.length = 0;
          throw error;
        }
      }
    }),
  );
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
