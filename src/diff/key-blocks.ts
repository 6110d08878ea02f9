import type { Column } from '../model/column.js';
import type { KeySpread } from '../store/contract.js';

/**
 * Whole numbers of one key column in blocks of `2 ** shift` successive ones; a bucket holds every so many-th block. Rows that lie in the order of that column then meet a few
 * buckets at a time: a server groups them in half the time that it takes for buckets by a hash, which miss the processor's cache with each row.
 */
export interface KeyBlocks {
  /** Which key column, from 0 on. */
  readonly column: number;
  readonly shift: number;
  /** Sides on which an index finds the rows of a block without reading the others. */
  readonly led: { readonly batch: boolean; readonly stream: boolean };
  /** A few of all rows by their values, in which differences that are spread over many keys would be met. */
  readonly probe: readonly WholeRange[];
}

/** Types that fit 64 bits with a sign, by their names in either store. */
const WHOLE = /^(?:bigint|u?(?:integer|smallint|tinyint))$/i;

/** A random row's block may hold so many times the rows of an average bucket. */
const UNEVEN = 4;

/** Ranges that one statement is ready for. */
const MOST_RANGES = 16_384;

/** Whether both columns hold whole numbers whose blocks are the same in every store. */
export function haveBlocks(self: Column, other: Column): boolean {
  return WHOLE.test(self.type) && WHOLE.test(other.type);
}

/** SQL of the bucket in which a whole number's block is, the same in every store. */
export function blockBucket(expression: string, shift: number, buckets: number): string {
  return `CAST((CAST(${expression} AS BIGINT) >> ${shift}) & ${buckets - 1} AS INTEGER)`;
}

/**
 * How large the blocks have to be so that one holds about `rows` rows; null where the values lie so unevenly that many rows would share a block.
 *
 * @param spread that of the side with more rows
 */
export function shiftFor({ rows: all, bounds, most }: KeySpread, rows: number): number | null {
  // After a TRUNCATE the number of rows is not known (-1) or 0, while the values of before still are.
  if (!(all > 0) || all * most > UNEVEN * rows) return null;
  const values = bounds.filter((bound) => /^-?\d+$/.test(bound)).map(BigInt);
  const widths = values.slice(1).map((value, index) => Math.max(1, Number(value - (values[index] ?? value))));
  const bar = all / widths.length;
  const middle = [...widths].sort((a, b) => a - b)[Math.floor(widths.length / 2)];
  if (middle === undefined || values.length !== bounds.length) return null;
  const shift = Math.min(62, Math.max(0, Math.ceil(Math.log2((rows * middle) / bar))));
  const inBlock = widths.map((width) => Math.min(bar, (bar / width) * 2 ** shift));
  return inBlock.reduce((sum, one) => sum + one, 0) / widths.length > UNEVEN * rows ? null : shift;
}

/** Ranges of a probe, and the share of all rows that they hold together. */
const PROBES = 16;
const PROBED = 0.02;

/** Ranges that lie evenly among the values, the last one at their upper end, where most rows are new. */
export function probeRanges({ bounds }: KeySpread): WholeRange[] {
  const values = bounds.map(BigInt);
  const bars = values.length - 1;
  const ends = new Set(Array.from({ length: PROBES }, (_, index) => Math.ceil(((index + 1) * bars) / PROBES)));
  return [...ends].flatMap((end) => {
    const [from, to] = [values[end - 1], values[end]];
    if (from === undefined || to === undefined) return [];
    // Each bar holds as many rows as any other.
    const width = BigInt(Math.ceil(Number(to - from) * Math.min(1, (PROBED * bars) / ends.size)));
    return [{ from: width > to - from ? from : to - width + 1n, to }];
  });
}

/** An inclusive range of whole numbers. */
export interface WholeRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** The ranges of values, from the lowest to the highest that there are, that lie in these buckets; null: too many. */
export function rangesOfBuckets(
  { shift }: Pick<KeyBlocks, 'shift'>,
  buckets: number,
  listed: readonly number[],
  { from: lowest, to: highest }: WholeRange,
): WholeRange[] | null {
  const [step, count] = [BigInt(shift), BigInt(buckets)];
  const [first, last] = [lowest >> step, highest >> step];
  const log = BigInt(Math.log2(buckets));
  const rounds = (last >> log) - (first >> log) + 1n;
  if (rounds * BigInt(Math.max(1, listed.length)) > BigInt(MOST_RANGES)) return null;
  const start = (first >> log) * count;
  const ranges: WholeRange[] = [];
  for (let round = 0n; round < rounds; round += 1n)
    for (const bucket of listed) {
      const block = start + round * count + BigInt(bucket);
      if (block < first || block > last) continue;
      const from = block << step;
      const to = ((block + 1n) << step) - 1n;
      const before = ranges.at(-1);
      const range = { from: from < lowest ? lowest : from, to: to > highest ? highest : to };
      if (before?.to === from - 1n) ranges[ranges.length - 1] = { from: before.from, to: range.to };
      else ranges.push(range);
    }
  return ranges;
}
