import type { Column } from '../model/column.js';
import type { HashedValue, SqlDialect } from '../store/contract.js';
import { differingBuckets, type BucketDigest } from './digest.js';
import { blockBucket, type KeyBlocks, type WholeRange } from './key-blocks.js';
import { NULL_KEYS } from './look-statements.js';

/** A side's columns as they go into its digests. */
export interface DigestedColumn {
  readonly self: Column;
  /** The column on the other side. */
  readonly other: Column;
  /** It goes in as the text of its value, because no other store has its type. */
  readonly asText?: boolean;
}

export interface DigestedSide {
  readonly dialect: SqlDialect;
  /** Relation SQL. */
  readonly relation: string;
  /** SQL condition. */
  readonly filter?: string | undefined;
  readonly key: readonly DigestedColumn[];
  readonly compared: readonly DigestedColumn[];
  /** No key stands twice, and none holds a NULL. */
  readonly unique: boolean;
}

/**
 * `same`: the store's own hash functions, for two stores of one kind. `text`: of canonical texts, alike in every store. Equal rows may have different hashes (then they
 * are looked at for nothing), rows that differ have the same but by chance.
 */
export type HashKind = 'same' | 'text';

/** The SQL of one side's digests. Columns are named without qualifier. */
export class ExchangeStatements {
  readonly #side: DigestedSide;
  readonly #hash: HashKind;
  readonly #buckets: number;
  readonly #blocks: KeyBlocks | undefined;

  /**
   * @param buckets a power of two
   * @param blocks what buckets are made of; undefined: they are made by a hash of the key
   */
  constructor(side: DigestedSide, hash: HashKind, buckets: number, blocks?: KeyBlocks) {
    this.#side = side;
    this.#hash = hash;
    this.#buckets = buckets;
    this.#blocks = blocks;
  }

  /** For each bucket: `bucket`, `n` rows, `digest` = the exact sum of their hashes; of rows with a NULL in their key, bucket -1. */
  digest(): string {
    const { dialect } = this.#side;
    const hashes = dialect.once(`SELECT ${this.bucket()} AS bucket, ${this.#rowHash()} AS h FROM ${this.#rows()}`);
    return `SELECT bucket, count(*) AS n, ${dialect.sumOfHashes('h')} AS digest FROM (${hashes}) AS cutover_hashed GROUP BY bucket`;
  }

  /**
   * Of all rows, or of those in ranges of blocks: `n` of which no key holds a NULL, `digest` = the exact sum of their hashes, and `nulls` of which one does. Without
   * groups this takes two thirds of the time of `digest`.
   */
  whole(ranges?: readonly WholeRange[]): string {
    const { dialect, unique } = this.#side;
    const hash = unique ? this.#rowHash() : `CASE WHEN ${this.#nullKey()} THEN NULL ELSE ${this.#rowHash()} END`;
    const hashes = dialect.once(
      `SELECT ${hash} AS h FROM ${this.#rows(ranges === undefined ? undefined : this.rowsOf(ranges))}`,
    );
    return `SELECT count(h) AS n, ${dialect.sumOfHashes('h')} AS digest, count(*) - count(h) AS nulls FROM (${hashes}) AS cutover_hashed`;
  }

  /** The buckets in which a key stands more than once, as `bucket`. */
  duplicates(): string {
    const keys = this.#side.key.map((column) => this.#text(column)).join(', ');
    const grouped = `SELECT min(${this.bucket()}) AS bucket FROM ${this.#rows()} GROUP BY ${keys} HAVING count(*) > 1`;
    return `SELECT DISTINCT bucket FROM (${grouped}) AS cutover_grouped WHERE bucket <> ${NULL_KEYS}`;
  }

  /** The condition for rows of these buckets, and of those with a NULL in their key. */
  within(listed: readonly number[]): string {
    const buckets = [NULL_KEYS, ...listed];
    const list =
      this.#side.dialect.kind === 'postgres'
        ? `= ANY (CAST('{${buckets.join(',')}}' AS INTEGER[]))`
        : `IN (SELECT unnest([${buckets.join(', ')}]))`;
    return `${this.bucket()} ${list}`;
  }

  bucket(): string {
    return this.#side.unique
      ? this.#wholeBucket()
      : `CASE WHEN ${this.#nullKey()} THEN ${NULL_KEYS} ELSE ${this.#wholeBucket()} END`;
  }

  /** The lowest and the highest value of the column of blocks, as `lowest` and `highest`; of all rows, whatever the filter: an index knows these at once. */
  ends(): string {
    const column = `cutover_digested.${this.#blockColumn()}`;
    const ends = ['min', 'max'].map((end) => `CAST(CAST(${end}(${column}) AS BIGINT) AS TEXT)`);
    return `SELECT ${ends[0]} AS lowest, ${ends[1]} AS highest FROM ${this.#side.relation} AS cutover_digested`;
  }

  /** The relation's rows of these ranges of blocks, range by range, so that an index leads to each; for PostgreSQL only. */
  rowsOf(ranges: readonly WholeRange[]): string {
    const column = `cutover_ranged.${this.#blockColumn()}`;
    const ends = [ranges.map(({ from }) => from), ranges.map(({ to }) => to)].map(
      (values) => `CAST('{${values.join(',')}}' AS BIGINT[])`,
    );
    // The fence keeps the server from reading all rows and looking for the ranges of each.
    return `(SELECT cutover_found.* FROM unnest(${ends.join(', ')}) AS cutover_range(cutover_from, cutover_to) CROSS JOIN LATERAL
      (SELECT * FROM ${this.#side.relation} AS cutover_ranged WHERE ${column} BETWEEN cutover_range.cutover_from AND cutover_range.cutover_to OFFSET 0) AS cutover_found)`;
  }

  #nullKey(): string {
    const { dialect, key } = this.#side;
    return key.map(({ self }) => `${dialect.quote(self.name)} IS NULL`).join(' OR ');
  }

  #blockColumn(): string {
    return this.#side.dialect.quote(this.#side.key[this.#blocks?.column ?? 0]?.self.name ?? '');
  }

  #wholeBucket(): string {
    const { dialect, key } = this.#side;
    if (this.#blocks !== undefined) return blockBucket(this.#blockColumn(), this.#blocks.shift, this.#buckets);
    if (this.#hash === 'text')
      return `CAST(${dialect.textHash(dialect.canonicalKey(key.map((column) => this.#text(column))))} & ${this.#buckets - 1} AS INTEGER)`;
    return dialect.bucketOf(
      key.map((column) => this.#value(column, false)),
      this.#buckets,
    );
  }

  #rowHash(): string {
    const { dialect, key, compared, unique } = this.#side;
    if (this.#hash === 'same')
      return dialect.rowHash([
        ...key.map((column) => this.#value(column, !unique)),
        ...compared.map((column) => this.#value(column, true)),
      ]);
    // A netstring begins with a digit: NULL is no text.
    const parts = [...key, ...compared].map((column) => `coalesce(${dialect.canonicalKey([this.#text(column)])}, '-')`);
    return dialect.textHash(`(${parts.join(' || ')})`);
  }

  #value({ self, other, asText }: DigestedColumn, nullable: boolean): HashedValue {
    const { dialect } = this.#side;
    const plain = dialect.quote(self.name);
    if (asText !== true) return { expression: dialect.comparable(plain, self, other), self, other, nullable };
    const text: Column = { name: self.name, type: 'text', family: 'text' };
    return { expression: `CAST(${plain} AS TEXT)`, self: text, other: text, nullable };
  }

  #text({ self, asText }: DigestedColumn): string {
    const { dialect } = this.#side;
    const plain = dialect.quote(self.name);
    return asText === true ? `CAST(${plain} AS TEXT)` : `(${dialect.canonicalText(plain, self)})`;
  }

  #rows(relation = this.#side.relation): string {
    const { filter } = this.#side;
    return `${relation} AS cutover_digested${filter === undefined ? '' : ` WHERE (${filter}\n)`}`;
  }
}

/** What the digests of two sides say. */
export interface Exchanged {
  /** Buckets whose rows differ, ascending. */
  readonly differing: readonly number[];
  /** Rows with a NULL in their key, of both sides. */
  readonly nullKeys: number;
  /** Buckets that hold the same rows on both sides, with their number. */
  readonly equal: ReadonlyMap<number, number>;
}

/** @param batch for each bucket the digest of its rows, as `digest` gives it */
export function judgeDigests(
  batch: ReadonlyMap<number, BucketDigest>,
  stream: ReadonlyMap<number, BucketDigest>,
): Exchanged {
  const differing = differingBuckets(batch, stream).filter((bucket) => bucket !== NULL_KEYS);
  const different = new Set(differing);
  const equal = new Map<number, number>();
  for (const [bucket, { rows }] of batch) if (bucket !== NULL_KEYS && !different.has(bucket)) equal.set(bucket, rows);
  return { differing, nullKeys: (batch.get(NULL_KEYS)?.rows ?? 0) + (stream.get(NULL_KEYS)?.rows ?? 0), equal };
}
