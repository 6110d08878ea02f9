import { SideExpressions } from './side-expressions.js';
import { isWhole, where, type Side, type Sides, type SideSource } from './sides.js';

/** The bucket of rows that have a NULL in their key: they match nothing. */
export const NULL_KEYS = -1;

/** Stands for all buckets. */
export const ALL_ROWS = -2;

/** `k0`, `k1`, ... */
function numbered(name: string, values: readonly unknown[]): string[] {
  return values.map((_, index) => `${name}${index}`);
}

/** Whether a key of some columns is not greater than the one before; unknown (NULL) where there is none before. */
export function notAscending(keys: readonly string[], before: readonly string[]): string {
  return keys.reduceRight((rest, key, index) => {
    const previous = before[index] ?? 'NULL';
    return rest === '' ? `${key} <= ${previous}` : `${key} < ${previous} OR (${key} = ${previous} AND (${rest}))`;
  }, '');
}

/** The SQL that looks at sides as wholes: counts, digests, the order of rows. */
export class LookStatements extends SideExpressions {
  /** `n` rows, `nulls` of them with a NULL in their key; with a limit, of the first so many rows. */
  count(source: SideSource, limit?: number): string {
    const [only, ...more] = this.columns.key;
    // Of one column a Parquet file knows the number of NULLs; a struct of NULLs counts as a value in PostgreSQL.
    const single = only !== undefined && more.length === 0 && only[source.side].family !== 'struct';
    const nulls = source.unique
      ? '0'
      : single
        ? `count(*) - count(${this.column(only, source.side)})`
        : `coalesce(sum(CASE WHEN ${this.nullKey(source.side)} THEN 1 ELSE 0 END), 0)`;
    const rows = `${source.relation} ${source.side} ${where([source.filter])}`;
    const from = limit === undefined ? rows : `(SELECT * FROM ${rows} LIMIT ${limit}) ${source.side}`;
    return `SELECT count(*) AS n, CAST(${nulls} AS BIGINT) AS nulls FROM ${from}`;
  }

  /**
   * For each bucket of the key's hash: `bucket`, `n` rows, `digest` = the exact sum of their row hashes. Rows with a NULL in their key are in bucket -1 and in no sum.
   * Of one bucket only, bucket 0: this needs no grouping, and is the cheapest way to learn that nothing differs.
   */
  digest(source: SideSource, buckets: number): string {
    const { side } = source;
    const values = [...this.hashedKey(side), ...this.columns.compared.flatMap((column) => this.hashed(column, side))];
    const hash = this.dialect.rowHash(values);
    const apart = (other: string, expression: string): string =>
      isWhole(source) ? expression : `CASE WHEN ${this.nullKey(side)} THEN ${other} ELSE ${expression} END`;
    const rows = `FROM ${source.relation} ${side} ${where([source.filter])}`;
    const sum = `${this.dialect.sumOfHashes('h')} AS digest`;
    if (buckets === 1) {
      const hashes = this.dialect.once(`SELECT ${apart('NULL', hash)} AS h ${rows}`);
      return `WITH whole AS (SELECT count(h) AS n, count(*) AS all_rows, ${sum} FROM (${hashes}) hashed)
        SELECT 0 AS bucket, n, digest FROM whole UNION ALL SELECT ${NULL_KEYS}, all_rows - n, NULL FROM whole`;
    }
    const hashes = this.dialect.once(
      `SELECT ${apart(String(NULL_KEYS), this.dialect.bucketOf(this.hashedKey(side), buckets))} AS bucket, ${hash} AS h ${rows}`,
    );
    return `SELECT bucket, count(*) AS n, ${sum} FROM (${hashes}) hashed GROUP BY bucket`;
  }

  /**
   * The digests of both sides held against each other where they are: `bucket` and the `batch_rows` and `stream_rows` of each bucket that differs, 0 where a side
   * has none; the same of all rows that have a NULL in their key as bucket -1, and of all rows as bucket -2.
   */
  differingBuckets({ batch, stream }: Sides, buckets: number): string {
    const sum = (rows: string, where = ''): string => `(SELECT coalesce(sum(n), 0) FROM ${rows} ${where})`;
    const nulls = `WHERE bucket = ${NULL_KEYS}`;
    return `WITH batch_buckets AS MATERIALIZED (${this.digest(batch, buckets)}), stream_buckets AS MATERIALIZED (${this.digest(stream, buckets)})
      SELECT coalesce(b.bucket, s.bucket) AS bucket, coalesce(b.n, 0) AS batch_rows, coalesce(s.n, 0) AS stream_rows
      FROM batch_buckets b FULL OUTER JOIN stream_buckets s ON b.bucket = s.bucket
      WHERE coalesce(b.bucket, s.bucket) <> ${NULL_KEYS} AND (b.n IS DISTINCT FROM s.n OR b.digest IS DISTINCT FROM s.digest)
      UNION ALL SELECT ${NULL_KEYS}, ${sum('batch_buckets', nulls)}, ${sum('stream_buckets', nulls)}
      UNION ALL SELECT ${ALL_ROWS}, ${sum('batch_buckets')}, ${sum('stream_buckets')}`;
  }

  /** `n` rows that have a NULL in their key. */
  countNullKeys(source: SideSource): string {
    return `SELECT count(*) AS n FROM ${source.relation} ${source.side} ${where([source.filter, this.nullKey(source.side)])}`;
  }

  /**
   * The first two rows, as the rows are read, whose key holds a NULL (`null_key`), or is not greater than that of the row before, or which have no row before
   * them with a whole key; undefined where the store would have to sort or hold them for that.
   */
  outOfOrder(source: SideSource): string | undefined {
    if (!this.dialect.windowsStream) return undefined;
    const keys = this.keys(source.side);
    const rows = `SELECT ${keys.map((key, index) => `${key} AS k${index}`).join(', ')} FROM ${source.relation} ${source.side} ${where([source.filter])}`;
    const before = keys.map((_, index) => `lag(k${index}) OVER () AS p${index}`);
    const anyNull = (name: string): string => keys.map((_, index) => `${name}${index} IS NULL`).join(' OR ');
    return `SELECT (${anyNull('k')}) AS null_key FROM (SELECT *, ${before.join(', ')} FROM (${rows}) keys) pairs
      WHERE ${anyNull('k')} OR ${anyNull('p')} OR ${notAscending(numbered('k', keys), numbered('p', keys))} LIMIT 2`;
  }

  /** A row, where the first key column of any is NULL. */
  firstKeyIsNull({ side, relation }: SideSource): string {
    return `SELECT 1 AS one FROM ${relation} ${side} WHERE ${this.missing(side)} LIMIT 1`;
  }

  /** The first key column, which is NULL where a joined row has no partner. */
  protected missing(side: Side): string {
    return this.columns.key
      .slice(0, 1)
      .map((column) => this.isNull(column, side))
      .join();
  }
}
