import type { Cell, Row } from '../model/cell.js';
import type { Discrepancy, DiscrepancyKind } from '../model/comparison.js';
import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { printedCell } from './cells.js';
import type { DiffColumns } from './columns.js';
import { judgeCell, type CellPair } from './comparator.js';
import type { List, Listing } from './listing.js';
import type { Profiler } from './profile.js';
import type { Side } from './sides.js';
import type { Tally } from './tally.js';

/** What the readers of rows share. */
export interface Reading {
  readonly session: SqlSession;
  readonly columns: DiffColumns;
  readonly tally: Tally;
  readonly listing: Listing;
  readonly profiler: Profiler | undefined;
  readonly progress: Progress | undefined;
  /** Nothing may be written, not even a temporary table. */
  readonly readOnly: boolean;
}

/** Reads the duplicate keys, one discrepancy each. */
export async function readDuplicates(reading: Reading, sql: string): Promise<void> {
  const { tally } = reading;
  const list = reading.listing.source();
  for await (const rows of reading.session.cursor(sql)) {
    for (const row of rows) {
      const batch = Number(row['batch_rows']);
      const stream = Number(row['stream_rows']);
      tally.duplicates += 1;
      tally.duplicateRows.batch += batch;
      tally.duplicateRows.stream += stream;
      reading.profiler?.duplicate(keyTexts(row, reading.columns));
      list(() => discrepancy(keyOf(row, reading.columns, 'batch'), 'duplicate_key', { rows: { batch, stream } }));
    }
  }
}

/** Reads the rows whose key holds a NULL, one discrepancy each: such rows are never matched with another. */
export async function readNullKeys(reading: Reading, sql: string, side: Side): Promise<void> {
  const list = reading.listing.source();
  for await (const rows of reading.session.cursor(sql)) {
    for (const row of rows) {
      list(() => {
        const columns: Record<string, { batch: Cell; stream: Cell }> = {};
        reading.columns.compared.forEach((column, index) => {
          const cell = printedCell(textOf(row, `v${index}`), column, side);
          columns[column.name] = side === 'batch' ? { batch: cell, stream: null } : { batch: null, stream: cell };
        });
        return discrepancy(keyOf(row, reading.columns, side), 'null_key', columns);
      });
    }
  }
}

/**
 * Reads the candidates and has the comparator judge each.
 *
 * @param ordered whether they come in the order of the key
 * @param stop asked now and then: whether enough was found
 * @returns false when it stopped before the end
 */
export async function readCandidates(
  reading: Reading,
  sql: string,
  ordered: boolean,
  stop: () => boolean,
): Promise<boolean> {
  const { tally } = reading;
  const list = listOf(reading, ordered);
  for await (const rows of reading.session.cursor(sql)) {
    judgeAll(reading, rows, list);
    reading.progress?.update('judging candidates', tally.candidates);
    if (stop()) return false;
  }
  return true;
}

/** Values of candidates that are held until it is known that they may be judged. */
const MOST_HELD = 100_000;

/** How many candidates may be held. */
export function mostHeld({ key, compared }: DiffColumns): number {
  return Math.ceil(MOST_HELD / (key.length + compared.length));
}

/** Reads candidates, to be judged later; null as soon as they are more than may be held. */
export async function holdCandidates({ session, columns }: Reading, sql: string): Promise<readonly Row[] | null> {
  const held: Row[] = [];
  for await (const rows of session.cursor(sql)) {
    held.push(...rows);
    if (held.length > mostHeld(columns)) return null;
  }
  return held;
}

/** Takes the discrepancies of candidates, which come in the order of the key or do not. */
export function listOf({ listing, columns }: Reading, ordered: boolean): List {
  return ordered ? listing.source() : listing.unordered(columns.key);
}

/** Has the comparator judge candidates. */
export function judgeAll(reading: Reading, rows: readonly Row[], list: List): void {
  for (const row of rows) judgeRow(reading, row, list);
  reading.tally.candidates += rows.length;
}

/** Has the comparator judge a candidate, counts it, and tells a discrepancy. */
export function judgeRow({ columns, tally, profiler }: Reading, row: Row, list: List): void {
  const present = row['present'];
  if (present === 'both') {
    const pairs = columns.compared.map((_, index) => pairOf(row, index));
    const verdicts = columns.compared.map((column, index) => judgeCell(column, pairs[index] ?? NOTHING));
    if (!tally.judged(verdicts)) return;
    profiler?.mismatch(keyTexts(row, columns), pairs, verdicts);
    list(() => {
      const cells = Object.fromEntries(
        columns.compared.flatMap((column, index) =>
          verdicts[index]?.outcome === 'different' ? [[column.name, cellsOf(row, columns, index)]] : [],
        ),
      );
      return discrepancy(keyOf(row, columns, 'batch'), 'value_mismatch', cells);
    });
    return;
  }
  const side = present === 'batch' ? 'batch' : 'stream';
  if (side === 'batch') tally.missingInStream += 1;
  else tally.missingInBatch += 1;
  const kind = side === 'batch' ? 'missing_in_stream' : 'missing_in_batch';
  profiler?.missing(
    kind,
    keyTexts(row, columns),
    columns.compared.map((_, index) => pairOf(row, index)[side]),
  );
  list(() => {
    const cells = Object.fromEntries(
      columns.compared.map((column, index) => [column.name, cellsOf(row, columns, index)]),
    );
    return discrepancy(keyOf(row, columns, side), kind, cells);
  });
}

const NOTHING: CellPair = { batch: null, stream: null, distinct: true };

function pairOf(row: Row, index: number): CellPair {
  // Anything but a clear "no" counts as distinct.
  return { batch: textOf(row, `b${index}`), stream: textOf(row, `s${index}`), distinct: row[`d${index}`] !== false };
}

function cellsOf(row: Row, { compared }: DiffColumns, index: number): { batch: Cell; stream: Cell } {
  const column = compared[index];
  if (column === undefined) return { batch: null, stream: null };
  return {
    batch: printedCell(textOf(row, `b${index}`), column, 'batch'),
    stream: printedCell(textOf(row, `s${index}`), column, 'stream'),
  };
}

function keyOf(row: Row, { key }: DiffColumns, side: Side): Record<string, Cell> {
  return Object.fromEntries(
    key.map((column, index) => [column.name, printedCell(textOf(row, `k${index}`), column, side)]),
  );
}

function keyTexts(row: Row, { key }: DiffColumns): (string | null)[] {
  return key.map((_, index) => textOf(row, `k${index}`));
}

function textOf(row: Row, name: string): string | null {
  const cell = row[name];
  return cell === null || cell === undefined ? null : String(cell);
}

function discrepancy(key: Discrepancy['key'], kind: DiscrepancyKind, columns: Discrepancy['columns']): Discrepancy {
  return { key, kind, columns, first_seen: null, cause: null };
}
