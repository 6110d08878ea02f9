import type { Cell, Row } from '../model/cell.js';
import { CutoverError } from '../model/errors.js';
import type { KeyRangeSql } from '../store/contract.js';
import { judgeRow, type Reading } from './fetch.js';
import type { KeyRange, Sides } from './sides.js';
import type { DiffStatements } from './statements.js';

/** Ranges in one statement: enough to keep all of a server's workers busy, few enough to be planned at once and to tell progress. */
const WAVE = 128;

/** The ranges between ascending bounds: they hold every value that is not NULL exactly once. */
export function rangesBetween(bounds: readonly string[]): KeyRange[] {
  return Array.from({ length: bounds.length + 1 }, (_, index) => ({ from: bounds[index - 1], to: bounds[index] }));
}

/** What was looked at range by range. */
interface RangesSeen {
  /** Rows of both sides that have no NULL in their key, in the ranges that are done. */
  readonly rows: { readonly batch: number; readonly stream: number };
  /** Ranges in which a key stands more than once on a side: nothing was told or counted of them. */
  readonly withDuplicates: readonly KeyRange[];
  /** False: stopped before the end. */
  readonly complete: boolean;
}

/**
 * Compares two sides range by range of the first key column: each range is joined, counted and searched for differences in one pass over its rows, which an
 * index gives in order. Every row is read once, whatever differs, and a range's differences come back as one JSON text, so that memory is bounded.
 *
 * @param stop asked now and then: whether enough was found
 */
export async function compareRanges(
  reading: Reading,
  statements: DiffStatements,
  sql: KeyRangeSql,
  sides: Sides,
  bounds: readonly string[],
  stop: () => boolean,
): Promise<RangesSeen> {
  const { session, tally, progress } = reading;
  const ranges = rangesBetween(bounds);
  const list = reading.listing.unordered(reading.columns.key);
  const names = statements.candidateNames();
  const withDuplicates: KeyRange[] = [];
  const seen = { batch: 0, stream: 0 };
  let done = 0;
  for (let at = 0; at < ranges.length; at += WAVE) {
    if (at > 0 && stop()) return { rows: seen, withDuplicates, complete: false };
    const wave = ranges.slice(at, at + WAVE);
    const selects = wave.map((range, index) => statements.range(sides.batch, sides.stream, range, index, sql));
    for await (const rows of session.cursor(selects.join(' UNION ALL '))) {
      for (const row of rows) {
        done += 1;
        const found = foundIn(row['found'], names);
        const range = wave[Number(row['range'])];
        if (range !== undefined && hasDuplicates(row, found)) {
          withDuplicates.push(range);
          continue;
        }
        seen.batch += Number(row['batch_rows']);
        seen.stream += Number(row['stream_rows']);
        for (const candidate of found) judgeRow(reading, candidate, list);
        tally.candidates += found.length;
      }
      progress?.update('comparing key ranges', done, ranges.length);
    }
    if (done !== Math.min(at + WAVE, ranges.length))
      throw new CutoverError(
        'INTERNAL',
        `${done} of ${ranges.length} key ranges were answered, more were asked for`,
        'Please report this defect.',
      );
  }
  return { rows: seen, withDuplicates, complete: true };
}

/**
 * A key that stands twice on one side and also on the other meets a row there twice, so that the join has more of its rows than that side; one that stands on
 * one side only gives two candidates of the same key.
 */
function hasDuplicates(row: Row, found: readonly Row[]): boolean {
  if (row['batch_alone'] === null) return false;
  if (row['batch_alone'] !== row['batch_rows'] || row['stream_alone'] !== row['stream_rows']) return true;
  const keys = new Set<string>();
  let single = 0;
  for (const candidate of found) {
    if (candidate['present'] === 'both') continue;
    single += 1;
    keys.add(JSON.stringify(Object.entries(candidate).filter(([name]) => /^(?:present|k\d+)$/.test(name))));
  }
  return keys.size < single;
}

/** The candidates of a range: arrays of arrays of texts, in the order of `names`. */
function foundIn(value: Cell | undefined, names: readonly string[]): Row[] {
  if (value === null || value === undefined) return [];
  const parsed: unknown = JSON.parse(String(value));
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the statement makes it so
  return (parsed as Cell[][][]).map((parts) => {
    const cells = parts.flat();
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]));
  });
}
