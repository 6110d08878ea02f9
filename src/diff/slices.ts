import type { Column, ColumnFamily } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/**
 * Two tables cut by their keys into parts that are numbered from 0 on: every row lies in exactly one, and rows with equal keys in the same one, on whichever side.
 * `hash`: by a hash of the key. `whole`: one part only. The others: by ranges of one key column.
 */
export interface Slices {
  readonly kind: SliceKind;
  /** Which key column, from 0 on. */
  readonly column: number;
  /** Ascending canonical texts: slice n holds bound n-1 <= value < bound n, and slice 0 also what is NULL. */
  readonly bounds: readonly string[];
  readonly count: number;
}

export type RangeKind = keyof typeof VALUES;
export type SliceKind = RangeKind | 'hash' | 'whole';

/** Some slices in a row: from the first, up to and without `to`. */
export interface SliceRun {
  readonly from: number;
  readonly to: number;
}

/**
 * Values that may be bounds, in canonical texts: those that every store reads, and whose order is that of the texts or, for whole numbers, of the numbers. Values
 * beyond them lie between bounds like any other.
 */
const VALUES = {
  integer: /^-?\d{1,19}$/,
  date: /^\d{4}-\d\d-\d\d$/,
  timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamptz: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  text: /^[^\0]*$/su,
} as const;

/** The SQL type of the literals of bounds; texts have a form of their own. */
const TYPES: Readonly<Record<Exclude<RangeKind, 'text'>, string>> = {
  integer: 'BIGINT',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  uuid: 'UUID',
};

/** Characters of a text that make a bound: any text is one, also one that no row has. */
const LONGEST = 64;

const BY_FAMILY: Partial<Record<ColumnFamily, RangeKind>> = {
  integer: 'integer',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  uuid: 'uuid',
  text: 'text',
};

/** A key column, with the one that it is compared with. */
export interface SlicedColumn {
  readonly self: Column;
  readonly other: Column;
}

/**
 * The kind of ranges into which both columns of a pair can be cut alike; undefined: none.
 *
 * @param acrossStores the two stand in stores of different kinds
 */
export function rangeKindOf({ self, other }: SlicedColumn, acrossStores: boolean): RangeKind | undefined {
  if (self.family !== other.family) return undefined;
  const kind = BY_FAMILY[self.family];
  const types = [self.type, other.type];
  // Of 64 bits at most: wider ones are not compared with others as numbers everywhere.
  if (kind === 'integer' && types.some((type) => /HUGEINT|UBIGINT/i.test(type))) return undefined;
  // Seconds to nanoseconds are types of their own in DuckDB.
  if (kind === 'timestamp' && types.some((type) => /^TIMESTAMP_/i.test(type))) return undefined;
  // Types that are padded with blanks, or have an equality of their own.
  if (kind === 'text' && acrossStores && !types.every((type) => /^(?:text|character varying.*|VARCHAR)$/i.test(type)))
    return undefined;
  return kind;
}

export function isRange(kind: SliceKind): kind is RangeKind {
  return Object.hasOwn(VALUES, kind);
}

/** Whether these could be slices that were written by this program. */
export function areSlices({ kind, bounds, count, column }: Slices): boolean {
  if (!Number.isInteger(column) || column < 0 || !Number.isInteger(count) || count < 1) return false;
  if (!isRange(kind)) return bounds.length === 0 && (kind === 'hash' || count === 1);
  return count === bounds.length + 1 && bounds.every((bound) => VALUES[kind].test(bound));
}

/** Ascending bounds from some values of both sides, so that about as many lie between each two; at most `most`. */
export function boundsFrom(kind: RangeKind, values: readonly string[], most: number): string[] {
  const sorted = values
    .filter((value) => VALUES[kind].test(value))
    .map((value) => (kind === 'text' ? Array.from(value).slice(0, LONGEST).join('') : value))
    .sort(kind === 'integer' ? byNumber : byBytes);
  const chosen = Array.from({ length: most }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / (most + 1))]);
  // The smallest value would leave nothing before it.
  const [smallest] = sorted;
  return [...new Set(chosen)].flatMap((value) => (value === undefined || value === smallest ? [] : [value]));
}

function byNumber(a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** The SQL of a range column: `value` of a row, and a bound in the same type. */
class RangeColumn {
  readonly #dialect: SqlDialect;
  readonly #kind: RangeKind;
  readonly #column: SlicedColumn;

  constructor(dialect: SqlDialect, kind: RangeKind, column: SlicedColumn) {
    this.#dialect = dialect;
    this.#kind = kind;
    this.#column = column;
  }

  get plain(): string {
    return this.#dialect.quote(this.#column.self.name);
  }

  /** As it stands in the table, so that an index leads to it; texts by their bytes, whatever their collation. */
  get value(): string {
    return this.#kind === 'text' ? this.#comparable(this.plain) : this.plain;
  }

  bound(text: string): string {
    const literal = this.#dialect.literal(this.#kind === 'timestamptz' ? `${text}+00` : text);
    return this.#kind === 'text' ? this.#comparable(literal) : `CAST(${literal} AS ${TYPES[this.#kind]})`;
  }

  #comparable(expression: string): string {
    const { self, other } = this.#column;
    return this.#dialect.comparable(expression, self, other);
  }
}

/**
 * The condition for the rows of a side that lie in some slices. Columns are named without qualifier.
 *
 * @param column that of `slices.column`
 */
export function inRanges(dialect: SqlDialect, slices: Slices, column: SlicedColumn, run: SliceRun): string {
  if (!isRange(slices.kind)) throw notRanges();
  const sql = new RangeColumn(dialect, slices.kind, column);
  const [from, to] = [slices.bounds[run.from - 1], slices.bounds[run.to - 1]];
  const ends = [
    ...(from === undefined ? [] : [`${sql.value} >= ${sql.bound(from)}`]),
    ...(to === undefined ? [] : [`${sql.value} < ${sql.bound(to)}`]),
  ].join(' AND ');
  if (ends === '') return 'TRUE';
  return run.from === 0 ? `(${sql.plain} IS NULL OR (${ends}))` : `(${ends})`;
}

/** @param bucket an expression: 0 to count - 1, and -1 of a key with a NULL in it */
export function inBuckets(bucket: string, run: SliceRun): string {
  return run.from === 0 ? `(${bucket}) < ${run.to}` : `(${bucket}) BETWEEN ${run.from} AND ${run.to - 1}`;
}

/** Bounds that a store compares together: deeper expressions take it long. */
const AT_ONCE = 200;

/**
 * Has a store say that it holds the bounds to be ascending: only then does every value lie in exactly one slice. Errors: INTERNAL.
 *
 * @param column that of `slices.column`
 */
export async function requireAscending(
  session: SqlSession,
  dialect: SqlDialect,
  slices: Slices,
  column: SlicedColumn,
): Promise<void> {
  if (!isRange(slices.kind)) return;
  const sql = new RangeColumn(dialect, slices.kind, column);
  const bounds = slices.bounds.map((text) => sql.bound(text));
  for (let at = 0; at + 1 < bounds.length; at += AT_ONCE) {
    const pairs = bounds.slice(at, at + AT_ONCE + 1);
    const ascending = pairs.slice(1).map((bound, index) => `${pairs[index] ?? ''} < ${bound}`);
    const [row] = await session.query(`SELECT ${ascending.join(' AND ')} AS ascending`);
    if (row?.['ascending'] !== true) throw notRanges();
  }
}

function notRanges(): CutoverError {
  return new CutoverError(
    'INTERNAL',
    'the key ranges of a comparison do not follow each other',
    'Please report this defect with the types of the key columns.',
  );
}
