import { isNumeric, isTimestamp } from '../model/column.js';
import type { ColumnCounts } from '../model/comparison.js';
import type { ColumnProfile } from '../model/diff-report.js';
import { daysOf, secondsOf } from './calendar.js';
import type { CellPair, CellVerdict } from './comparator.js';
import type { ComparedColumn } from './compared-column.js';
import { compareDecimals, parseDecimal } from './decimal.js';
import { Sizes } from './profile-sizes.js';

/** Different sizes that are kept as they are: of each column so many, and of all together. */
const SIZES = 4096;
const SIZES_OF_ALL = 65_536;

/** The sizes of the differences of every compared column. */
export class ColumnSizes {
  readonly #columns: readonly ComparedColumn[];
  readonly #sizes: readonly Sizes[];

  constructor(columns: readonly ComparedColumn[]) {
    this.#columns = columns;
    const most = Math.min(SIZES, Math.ceil(SIZES_OF_ALL / Math.max(1, columns.length)));
    this.#sizes = columns.map(() => new Sizes(most));
  }

  /** A key whose values differ; in the order of the columns. Tolerated differences are not sized: noise would hide the others. */
  add(pairs: readonly CellPair[], verdicts: readonly CellVerdict[]): void {
    this.#columns.forEach((column, index) => {
      const verdict = verdicts[index];
      const pair = pairs[index];
      if (verdict?.outcome !== 'different' || pair === undefined) return;
      if (verdict.difference === null || verdict.difference === 'Infinity') return;
      const { units, scale } = verdict.difference;
      this.#sizes[index]?.add({ units: isRise(column, pair) ? units : -units, scale });
    });
  }

  /** Of the columns that differ, or of which there are sums. */
  profiles(
    counts: Readonly<Record<string, ColumnCounts>>,
    sums: ReadonlyMap<string, ColumnProfile['sums']>,
  ): ColumnProfile[] {
    return this.#columns.flatMap((column, index): ColumnProfile[] => {
      const { mismatched, tolerated } = counts[column.name] ?? { mismatched: 0, tolerated: 0 };
      const sum = sums.get(column.name) ?? null;
      if (mismatched === 0 && tolerated === 0 && sum === null) return [];
      const sizes = this.#sizes[index];
      const median = sizes?.median ?? null;
      return [
        {
          column: column.name,
          mismatched,
          tolerated,
          unsized: mismatched - (sizes?.count ?? 0),
          unit: unitOf(column),
          smallest: sizes?.smallest ?? null,
          median: median?.text ?? null,
          median_error: median?.error ?? 0,
          largest: sizes?.largest ?? null,
          histogram: sizes?.histogram ?? [],
          sums: sum,
        },
      ];
    });
  }
}

function unitOf({ batch }: ComparedColumn): ColumnProfile['unit'] {
  if (batch.family === 'date') return 'days';
  return isTimestamp(batch.family) ? 'seconds' : null;
}

/** Whether the stream side has the larger one of two values that differ by a size. A NULL stands for 0 where a rule says so. */
function isRise({ batch: { family } }: ComparedColumn, pair: CellPair): boolean {
  const batch = pair.batch ?? '0';
  const stream = pair.stream ?? '0';
  if (isNumeric(family)) {
    // As doubles wherever they tell the two apart: rounding keeps their order.
    const [a, b] = [Number(batch), Number(stream)];
    if (a !== b) return b > a;
  }
  const place = isNumeric(family) ? parseDecimal : family === 'date' ? daysOf : secondsOf;
  const [a, b] = [place(batch), place(stream)];
  return a !== undefined && b !== undefined && compareDecimals(b, a) > 0;
}
