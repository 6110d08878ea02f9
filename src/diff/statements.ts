import type { KeyRangeSql } from '../store/contract.js';
import { SideExpressions } from './side-expressions.js';
import {
  allOf,
  isWhole,
  where,
  type BucketScope,
  type KeyRange,
  type Side,
  type Sides,
  type SideSource,
} from './sides.js';

/** Keys that stand more than once on a side are kept here while a comparison runs. */
export const DUPLICATES = 'cutover_diff_duplicates';

/** A sample is as many of these buckets of the key's hash as its share: parts per million, nearly. */
const SAMPLE_BUCKETS = 1 << 20;

/** Whether a key `k0`, `k1`, ... is not greater than the one before, `p0`, `p1`, ... */
function notAscending(columns: number): string {
  const last = columns - 1;
  let condition = `k${last} <= p${last}`;
  for (let index = last - 1; index >= 0; index -= 1)
    condition = `k${index} < p${index} OR (k${index} = p${index} AND (${condition}))`;
  return condition;
}

/** The SQL of a comparison, built from the dialect's pieces; one object for one pair of tables. */
export class DiffStatements extends SideExpressions {
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
        SELECT 0 AS bucket, n, digest FROM whole UNION ALL SELECT -1, all_rows - n, NULL FROM whole`;
    }
    const hashes = this.dialect.once(
      `SELECT ${apart('-1', this.dialect.bucketOf(this.hashedKey(side), buckets))} AS bucket, ${hash} AS h ${rows}`,
    );
    return `SELECT bucket, count(*) AS n, ${sum} FROM (${hashes}) hashed GROUP BY bucket`;
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
      WHERE ${anyNull('k')} OR ${anyNull('p')} OR ${notAscending(keys.length)} LIMIT 2`;
  }

  /** The duplicate keys of the given sides, each within its scope, as `k0`, `k1`, ... */
  duplicates(parts: readonly { readonly source: SideSource; readonly scope: BucketScope | undefined }[]): string {
    const selects = parts.map(({ source, scope }) => {
      const keys = this.keys(source.side);
      const named = keys.map((key, index) => `${key} AS k${index}`).join(', ');
      const rows = `${source.relation} ${source.side} ${where([source.filter, this.notNull(source), this.inScope(source.side, scope)])}`;
      return `SELECT ${named} FROM ${rows} GROUP BY ${keys.join(', ')} HAVING count(*) > 1`;
    });
    return selects.join(' UNION ');
  }

  /** The duplicate keys with the rows of each side: `k0..` as canonical texts, `batch_rows`, `stream_rows`. */
  listDuplicates(batch: SideSource, stream: SideSource): string {
    const counted = (source: SideSource): string => {
      const texts = this.columns.key.map((column, index) => `min(${this.text(column, source.side)}) AS t${index}`);
      const keys = this.keys(source.side);
      const named = keys.map((key, index) => `${key} AS k${index}`);
      const on = keys.map((key, index) => `${key} = d.k${index}`).join(' AND ');
      // The filter stands inside, where no other table's columns could be meant by it.
      return `(SELECT ${[...named, ...texts].join(', ')}, count(*) AS n
        FROM (SELECT * FROM ${source.relation} ${source.side} ${where([source.filter])}) ${source.side}
        JOIN ${DUPLICATES} d ON ${on} GROUP BY ${keys.join(', ')})`;
    };
    const same = (alias: string): string =>
      this.columns.key.map((_, index) => `d.k${index} = ${alias}.k${index}`).join(' AND ');
    const texts = this.columns.key.map((_, index) => `coalesce(b.t${index}, s.t${index}) AS k${index}`).join(', ');
    const order = this.columns.key.map((_, index) => `d.k${index}`).join(', ');
    return `SELECT ${texts}, coalesce(b.n, 0) AS batch_rows, coalesce(s.n, 0) AS stream_rows FROM ${DUPLICATES} d
      LEFT JOIN ${counted(batch)} b ON ${same('b')} LEFT JOIN ${counted(stream)} s ON ${same('s')} ORDER BY ${order}`;
  }

  /** Rows whose key holds a NULL, as canonical texts `k0..`, `v0..`. */
  listNullKeys(source: SideSource): string {
    const texts = [
      ...this.columns.key.map((column, index) => `${this.text(column, source.side)} AS k${index}`),
      ...this.columns.compared.map((column, index) => `${this.text(column, source.side)} AS v${index}`),
    ];
    const order = texts.map((_, index) => String(index + 1)).join(', ');
    return `SELECT ${texts.join(', ')} FROM ${source.relation} ${source.side} ${where([source.filter, this.nullKey(source.side)])} ORDER BY ${order}`;
  }

  /**
   * Every key that may differ, see `ordersCandidates`: `present` (both, batch, stream), canonical texts `k0..`, `b0..`, `s0..`, and `d0..`:
   * whether the store holds the two values to be distinct. Never leaves out a key on which the comparator finds a difference.
   */
  candidates(
    batch: SideSource,
    stream: SideSource,
    scope: BucketScope | undefined,
    withoutDuplicates: boolean,
  ): string {
    const rows = (source: SideSource): string => {
      const conditions = [this.notNull(source), this.inScope(source.side, scope)];
      if (!withoutDuplicates) return this.#rows(source, conditions);
      return `(SELECT * FROM ${this.#withoutDuplicates(source, where([source.filter, ...conditions]))}) ${source.side}`;
    };
    const [b, s] = [this.keys('batch'), this.keys('stream')];
    const keys = b.map((key, index) => `coalesce(${key}, ${s[index] ?? key})`);
    return `SELECT ${this.#candidate()
      .map(([name, expression]) => `${expression} AS ${name}`)
      .join(', ')} ${this.#joined(rows(batch), rows(stream))}
      WHERE ${this.#differs()} ${this.ordersCandidates ? `ORDER BY ${keys.join(', ')}` : ''}`;
  }

  /** Whether candidates come in the order of the key: not from within this process, where a sort beside the join takes the memory that there is. */
  get ordersCandidates(): boolean {
    return this.dialect.kind !== 'duckdb';
  }

  /** The names of a candidate's values, in order. */
  candidateNames(): string[] {
    return this.#candidate().map(([name]) => name);
  }

  /**
   * One range of the first key column in one pass: its number `range`; `batch_rows` and `stream_rows` that have no NULL in their key (a row counts once for each
   * row that it meets on the other side), `batch_alone` and `stream_alone` without the join (NULL where both sides are unique), and `found`: the candidates as
   * a JSON text, arrays of arrays that hold the values of `candidateNames` in order; NULL when there are none.
   */
  range(batch: SideSource, stream: SideSource, range: KeyRange, number: number, sql: KeyRangeSql): string {
    const rows = (source: SideSource): string =>
      this.#rows(source, [this.notNull(source), this.#inRange(this.first(source.side), range)]);
    const alone = (source: SideSource): string =>
      batch.unique && stream.unique ? 'CAST(NULL AS BIGINT)' : `(SELECT count(*) FROM ${rows(source)})`;
    const values = sql.arrays(this.#candidate().map(([, expression]) => expression));
    return `SELECT ${number} AS range, count(${this.first('batch')}) AS batch_rows, count(${this.first('stream')}) AS stream_rows,
      ${alone(batch)} AS batch_alone, ${alone(stream)} AS stream_alone,
      CAST(json_agg(${values}) FILTER (WHERE ${this.#differs()}) AS TEXT) AS found ${this.#joined(rows(batch), rows(stream))}`;
  }

  #inRange(column: string, { from, to }: KeyRange): string | undefined {
    const ends = [
      from === undefined ? [] : [`${column} >= ${from}`],
      to === undefined ? [] : [`${column} < ${to}`],
    ].flat();
    return ends.length === 0 ? undefined : ends.join(' AND ');
  }

  /** A side, restricted to a share (0 to 1) of the keys; rows with a NULL in their key stay. */
  sampled(source: SideSource, share: number): SideSource {
    const bucket = this.dialect.bucketOf(this.hashedKey(source.side), SAMPLE_BUCKETS);
    const predicate = `${this.nullKey(source.side)} OR ${bucket} < ${Math.ceil(share * SAMPLE_BUCKETS)}`;
    return { ...source, filter: allOf([source.filter, predicate]) };
  }

  /** A side, restricted to some ranges of the first key column. */
  within(source: SideSource, ranges: readonly KeyRange[]): SideSource {
    const column = this.dialect.quote(this.columns.key[0]?.[source.side].name ?? '');
    const predicates = ranges.map((range) => `(${this.#inRange(column, range) ?? 'true'})`);
    return { ...source, filter: allOf([source.filter, predicates.join(' OR ')]) };
  }

  /** A row, where the first key column of any is NULL. */
  firstKeyIsNull({ side, relation }: SideSource): string {
    return `SELECT 1 AS one FROM ${relation} ${side} WHERE ${this.#missing(side)} LIMIT 1`;
  }

  /**
   * The first two rows of a range of the first key column, as both sides are read, whose keys are not the same on both sides or hold a NULL (`apart`), or
   * are not greater than those of the row before, or which have no row before them.
   */
  outOfStep(sides: Sides, range: KeyRange): string {
    const [batch, stream] = [this.keys('batch'), this.keys('stream')];
    const named = batch.flatMap((key, index) => [`${key} AS k${index}`, `${stream[index] ?? 'NULL'} AS o${index}`]);
    const before = batch.map((_, index) => `lag(k${index}) OVER () AS p${index}`);
    const apart = batch.map((_, index) => `k${index} IS NULL OR k${index} IS DISTINCT FROM o${index}`).join(' OR ');
    const first = batch.map((_, index) => `p${index} IS NULL`).join(' OR ');
    return `SELECT (${apart}) AS apart FROM (SELECT *, ${before.join(', ')} FROM (SELECT ${named.join(', ')} ${this.#paired(sides, range)}) keys) pairs
      WHERE ${apart} OR ${first} OR ${notAscending(batch.length)} LIMIT 2`;
  }

  /** Candidates of a range of the first key column, row by row as both sides are read; `present` is `apart` where two rows' keys are not the same. */
  sideBySide(sides: Sides, range: KeyRange): string {
    const [batch, stream] = [this.keys('batch'), this.keys('stream')];
    const apart = batch.map((key, index) => `${key} IS DISTINCT FROM ${stream[index] ?? 'NULL'}`).join(' OR ');
    const values = this.#candidate().map(([name, expression]) =>
      name === 'present' ? `CASE WHEN ${apart} THEN 'apart' ELSE 'both' END AS present` : `${expression} AS ${name}`,
    );
    return `SELECT ${values.join(', ')} ${this.#paired(sides, range)} WHERE ${apart} OR ${this.#differs()}`;
  }

  #paired({ batch, stream }: Sides, range: KeyRange): string {
    const rows = (source: SideSource): string => this.#rows(source, [this.#inRange(this.first(source.side), range)]);
    return `FROM ${rows(batch)} ${this.dialect.sideBySide?.join ?? ''} ${rows(stream)}`;
  }

  /** What is read of a candidate: name and expression. */
  #candidate(): [string, string][] {
    return [
      [
        'present',
        `CASE WHEN ${this.#missing('batch')} THEN 'stream' WHEN ${this.#missing('stream')} THEN 'batch' ELSE 'both' END`,
      ],
      ...this.columns.key.map((column, index): [string, string] => [
        `k${index}`,
        `coalesce(${this.text(column, 'batch')}, ${this.text(column, 'stream')})`,
      ]),
      ...this.columns.compared.flatMap((column, index): [string, string][] => [
        [`b${index}`, this.text(column, 'batch')],
        [`s${index}`, this.text(column, 'stream')],
        [`d${index}`, this.distinct(column)],
      ]),
    ];
  }

  #missing(side: Side): string {
    return this.columns.key
      .slice(0, 1)
      .map((column) => this.isNull(column, side))
      .join();
  }

  #differs(): string {
    const distinct = this.columns.compared.map((column) => this.distinct(column));
    return [this.#missing('batch'), this.#missing('stream'), ...distinct].join(' OR ');
  }

  #rows(source: SideSource, conditions: readonly (string | undefined)[]): string {
    return `(SELECT * FROM ${source.relation} ${source.side} ${where([source.filter, ...conditions])}) ${source.side}`;
  }

  #joined(batch: string, stream: string): string {
    const [b, s] = [this.keys('batch'), this.keys('stream')];
    return `FROM ${batch} FULL OUTER JOIN ${stream} ON ${b.map((key, index) => `${key} = ${s[index] ?? ''}`).join(' AND ')}`;
  }

  /** The keys are computed first: DuckDB looks for each value of a column once, and holds a month to be 30 days in that. */
  #withoutDuplicates({ side, relation }: SideSource, taken: string): string {
    const keys = this.keys(side);
    const named = keys.map((key, index) => `${key} AS cutover_k${index}`).join(', ');
    const same = keys.map((_, index) => `d.k${index} = ${side}.cutover_k${index}`).join(' AND ');
    return `(SELECT *, ${named} FROM ${relation} ${side} ${taken}) ${side} WHERE NOT EXISTS (SELECT 1 FROM ${DUPLICATES} d WHERE ${same})`;
  }
}
