import type { Column } from '../model/column.js';
import type { HashedValue, KeyRangeSql, SqlDialect } from '../store/contract.js';
import type { DiffColumns } from './columns.js';
import type { ComparedColumn } from './compared-column.js';
import type { BucketScope, KeyRange, Side, SideSource } from './sides.js';

/** Keys that stand more than once on a side are kept here while a comparison runs. */
export const DUPLICATES = 'cutover_diff_duplicates';

/** A sample is as many of these buckets of the key's hash as its share: parts per million, nearly. */
const SAMPLE_BUCKETS = 1 << 20;

const FLAG: Column = { name: '', type: 'boolean', family: 'boolean' };

/** The SQL of a comparison, built from the dialect's pieces; one object for one pair of tables. */
export class DiffStatements {
  readonly #dialect: SqlDialect;
  readonly #columns: DiffColumns;

  constructor(dialect: SqlDialect, columns: DiffColumns) {
    this.#dialect = dialect;
    this.#columns = columns;
  }

  /** `n` rows, `nulls` of them with a NULL in their key; with a limit, of the first so many rows. */
  count(source: SideSource, limit?: number): string {
    const nulls = source.unique ? '0' : `coalesce(sum(CASE WHEN ${this.#nullKey(source.side)} THEN 1 ELSE 0 END), 0)`;
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
    const values = [
      ...this.#hashedKey(side),
      ...this.#columns.compared.flatMap((column) => this.#hashed(column, side)),
    ];
    const hash = this.#dialect.rowHash(values);
    const apart = (other: string, expression: string): string =>
      source.unique ? expression : `CASE WHEN ${this.#nullKey(side)} THEN ${other} ELSE ${expression} END`;
    const rows = `FROM ${source.relation} ${side} ${where([source.filter])}`;
    const sum = `${this.#dialect.sumOfHashes('h')} AS digest`;
    if (buckets === 1) {
      const hashes = this.#dialect.once(`SELECT ${apart('NULL', hash)} AS h ${rows}`);
      return `WITH whole AS (SELECT count(h) AS n, count(*) AS all_rows, ${sum} FROM (${hashes}) hashed)
        SELECT 0 AS bucket, n, digest FROM whole UNION ALL SELECT -1, all_rows - n, NULL FROM whole`;
    }
    const hashes = this.#dialect.once(
      `SELECT ${apart('-1', this.#dialect.bucketOf(this.#hashedKey(side), buckets))} AS bucket, ${hash} AS h ${rows}`,
    );
    return `SELECT bucket, count(*) AS n, ${sum} FROM (${hashes}) hashed GROUP BY bucket`;
  }

  /** `n` rows that have a NULL in their key. */
  countNullKeys(source: SideSource): string {
    return `SELECT count(*) AS n FROM ${source.relation} ${source.side} ${where([source.filter, this.#nullKey(source.side)])}`;
  }

  /** The duplicate keys of the given sides, each within its scope, as `k0`, `k1`, ... */
  duplicates(parts: readonly { readonly source: SideSource; readonly scope: BucketScope | undefined }[]): string {
    const selects = parts.map(({ source, scope }) => {
      const keys = this.#keys(source.side);
      const named = keys.map((key, index) => `${key} AS k${index}`).join(', ');
      const rows = `${source.relation} ${source.side} ${where([source.filter, this.#notNull(source), this.#inScope(source.side, scope)])}`;
      return `SELECT ${named} FROM ${rows} GROUP BY ${keys.join(', ')} HAVING count(*) > 1`;
    });
    return selects.join(' UNION ');
  }

  /** The duplicate keys with the rows of each side: `k0..` as canonical texts, `batch_rows`, `stream_rows`. */
  listDuplicates(batch: SideSource, stream: SideSource): string {
    const counted = (source: SideSource): string => {
      const texts = this.#columns.key.map((column, index) => `min(${this.#text(column, source.side)}) AS t${index}`);
      const keys = this.#keys(source.side);
      const named = keys.map((key, index) => `${key} AS k${index}`);
      const on = keys.map((key, index) => `${key} = d.k${index}`).join(' AND ');
      // The filter stands inside, where no other table's columns could be meant by it.
      return `(SELECT ${[...named, ...texts].join(', ')}, count(*) AS n
        FROM (SELECT * FROM ${source.relation} ${source.side} ${where([source.filter])}) ${source.side}
        JOIN ${DUPLICATES} d ON ${on} GROUP BY ${keys.join(', ')})`;
    };
    const same = (alias: string): string =>
      this.#columns.key.map((_, index) => `d.k${index} = ${alias}.k${index}`).join(' AND ');
    const texts = this.#columns.key.map((_, index) => `coalesce(b.t${index}, s.t${index}) AS k${index}`).join(', ');
    const order = this.#columns.key.map((_, index) => `d.k${index}`).join(', ');
    return `SELECT ${texts}, coalesce(b.n, 0) AS batch_rows, coalesce(s.n, 0) AS stream_rows FROM ${DUPLICATES} d
      LEFT JOIN ${counted(batch)} b ON ${same('b')} LEFT JOIN ${counted(stream)} s ON ${same('s')} ORDER BY ${order}`;
  }

  /** Rows whose key holds a NULL, as canonical texts `k0..`, `v0..`. */
  listNullKeys(source: SideSource): string {
    const texts = [
      ...this.#columns.key.map((column, index) => `${this.#text(column, source.side)} AS k${index}`),
      ...this.#columns.compared.map((column, index) => `${this.#text(column, source.side)} AS v${index}`),
    ];
    const order = texts.map((_, index) => String(index + 1)).join(', ');
    return `SELECT ${texts.join(', ')} FROM ${source.relation} ${source.side} ${where([source.filter, this.#nullKey(source.side)])} ORDER BY ${order}`;
  }

  /**
   * Every key that may differ, in key order: `present` (both, batch, stream), canonical texts `k0..`, `b0..`, `s0..`, and `d0..`:
   * whether the store holds the two values to be distinct. Never leaves out a key on which the comparator finds a difference.
   */
  candidates(
    batch: SideSource,
    stream: SideSource,
    scope: BucketScope | undefined,
    withoutDuplicates: boolean,
  ): string {
    const rows = (source: SideSource): string => {
      const kept = withoutDuplicates ? this.#notDuplicate(source.side) : undefined;
      return this.#rows(source, [this.#notNull(source), this.#inScope(source.side, scope), kept]);
    };
    const [b, s] = [this.#keys('batch'), this.#keys('stream')];
    return `SELECT ${this.#candidate()
      .map(([name, expression]) => `${expression} AS ${name}`)
      .join(', ')} ${this.#joined(rows(batch), rows(stream))}
      WHERE ${this.#differs()}
      ORDER BY ${b.map((key, index) => `coalesce(${key}, ${s[index] ?? key})`).join(', ')}`;
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
      this.#rows(source, [this.#notNull(source), this.#inRange(this.#first(source.side), range)]);
    const alone = (source: SideSource): string =>
      batch.unique && stream.unique ? 'CAST(NULL AS BIGINT)' : `(SELECT count(*) FROM ${rows(source)})`;
    const values = sql.arrays(this.#candidate().map(([, expression]) => expression));
    return `SELECT ${number} AS range, count(${this.#first('batch')}) AS batch_rows, count(${this.#first('stream')}) AS stream_rows,
      ${alone(batch)} AS batch_alone, ${alone(stream)} AS stream_alone,
      CAST(json_agg(${values}) FILTER (WHERE ${this.#differs()}) AS TEXT) AS found ${this.#joined(rows(batch), rows(stream))}`;
  }

  /** Whether a value lies in a range; undefined: every one does. */
  #inRange(column: string, { from, to }: KeyRange): string | undefined {
    const ends = [
      from === undefined ? [] : [`${column} >= ${from}`],
      to === undefined ? [] : [`${column} < ${to}`],
    ].flat();
    return ends.length === 0 ? undefined : ends.join(' AND ');
  }

  /** A side, restricted to a share (0 to 1) of the keys; rows with a NULL in their key stay. */
  sampled(source: SideSource, share: number): SideSource {
    const bucket = this.#dialect.bucketOf(this.#hashedKey(source.side), SAMPLE_BUCKETS);
    const predicate = `${this.#nullKey(source.side)} OR ${bucket} < ${Math.ceil(share * SAMPLE_BUCKETS)}`;
    return { ...source, filter: source.filter === undefined ? predicate : `(${source.filter}\n) AND (${predicate})` };
  }

  /** A side, restricted to some ranges of the first key column. */
  within(source: SideSource, ranges: readonly KeyRange[]): SideSource {
    const column = this.#dialect.quote(this.#columns.key[0]?.[source.side].name ?? '');
    const predicates = ranges.map((range) => `(${this.#inRange(column, range) ?? 'true'})`);
    const filter = source.filter === undefined ? '' : `(${source.filter}\n) AND `;
    return { ...source, filter: `${filter}(${predicates.join(' OR ')})` };
  }

  /** What is read of a candidate: name and expression. */
  #candidate(): [string, string][] {
    return [
      [
        'present',
        `CASE WHEN ${this.#missing('batch')} THEN 'stream' WHEN ${this.#missing('stream')} THEN 'batch' ELSE 'both' END`,
      ],
      ...this.#columns.key.map((column, index): [string, string] => [
        `k${index}`,
        `coalesce(${this.#text(column, 'batch')}, ${this.#text(column, 'stream')})`,
      ]),
      ...this.#columns.compared.flatMap((column, index): [string, string][] => [
        [`b${index}`, this.#text(column, 'batch')],
        [`s${index}`, this.#text(column, 'stream')],
        [`d${index}`, this.#distinct(column)],
      ]),
    ];
  }

  #missing(side: Side): string {
    return `${this.#first(side)} IS NULL`;
  }

  /** The first key column of a side. */
  #first(side: Side): string {
    const [first] = this.#columns.key;
    return first === undefined ? 'NULL' : this.#column(first, side);
  }

  #differs(): string {
    const distinct = this.#columns.compared.map((column) => this.#distinct(column));
    return [this.#missing('batch'), this.#missing('stream'), ...distinct].join(' OR ');
  }

  #rows(source: SideSource, conditions: readonly (string | undefined)[]): string {
    return `(SELECT * FROM ${source.relation} ${source.side} ${where([source.filter, ...conditions])}) ${source.side}`;
  }

  #joined(batch: string, stream: string): string {
    const [b, s] = [this.#keys('batch'), this.#keys('stream')];
    return `FROM ${batch} FULL OUTER JOIN ${stream} ON ${b.map((key, index) => `${key} = ${s[index] ?? ''}`).join(' AND ')}`;
  }

  #column(column: ComparedColumn, side: Side): string {
    return `${side}.${this.#dialect.quote(column[side].name)}`;
  }

  #text(column: ComparedColumn, side: Side): string {
    return this.#dialect.canonicalText(this.#column(column, side), column[side]);
  }

  #comparable(column: ComparedColumn, side: Side): string {
    const plain = this.#column(column, side);
    const value = column.rule.set === true ? this.#dialect.asSet(plain) : plain;
    return this.#dialect.comparable(value, column[side], column[side === 'batch' ? 'stream' : 'batch']);
  }

  /** The values that are compared. A set drops NULL elements: whether there was one is a value of its own. */
  #values(column: ComparedColumn, side: Side): string[] {
    const value = this.#comparable(column, side);
    return column.rule.set === true
      ? [value, `(array_position(${this.#column(column, side)}, NULL) IS NOT NULL)`]
      : [value];
  }

  /** The values as they go into the row hash. */
  #hashed(column: ComparedColumn, side: Side): HashedValue[] {
    const [self, other] = side === 'batch' ? [column.batch, column.stream] : [column.stream, column.batch];
    const [first = '', ...flags] = this.#values(column, side);
    return [
      { expression: first, self, other, nullable: true },
      ...flags.map((expression) => ({ expression, self: FLAG, other: FLAG, nullable: true })),
    ];
  }

  /** The key of a row that has no NULL in it. */
  #hashedKey(side: Side): HashedValue[] {
    return this.#columns.key
      .flatMap((column) => this.#hashed(column, side))
      .map((value) => ({ ...value, nullable: false }));
  }

  #distinct(column: ComparedColumn): string {
    const batch = this.#values(column, 'batch');
    const stream = this.#values(column, 'stream');
    return `(${batch.map((value, index) => `${value} IS DISTINCT FROM ${stream[index] ?? 'NULL'}`).join(' OR ')})`;
  }

  #keys(side: Side): string[] {
    return this.#columns.key.map((column) => this.#comparable(column, side));
  }

  #nullKey(side: Side): string {
    return `(${this.#columns.key.map((column) => `${this.#column(column, side)} IS NULL`).join(' OR ')})`;
  }

  #notNull({ side, unique }: SideSource): string | undefined {
    return unique ? undefined : `NOT ${this.#nullKey(side)}`;
  }

  #inScope(side: Side, scope: BucketScope | undefined): string | undefined {
    return scope === undefined
      ? undefined
      : `${this.#dialect.bucketOf(this.#hashedKey(side), scope.buckets)} IN (${scope.listed.join(', ')})`;
  }

  #notDuplicate(side: Side): string {
    const same = this.#keys(side).map((key, index) => `d.k${index} = ${key}`);
    return `NOT EXISTS (SELECT 1 FROM ${DUPLICATES} d WHERE ${same.join(' AND ')})`;
  }
}

function where(conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined);
  // A condition that somebody wrote may end with a comment.
  return given.length === 0 ? '' : `WHERE ${given.map((condition) => `(${condition}\n)`).join(' AND ')}`;
}
