import type { KeyRangeSql } from '../store/contract.js';
import { LookStatements, notAscending } from './look-statements.js';
import { allOf, where, type BucketScope, type KeyRange, type Sides, type SideSource } from './sides.js';

/** Keys that stand more than once on a side are kept here while a comparison runs. */
export const DUPLICATES = 'cutover_diff_duplicates';

/** A sample is as many of these buckets of the key's hash as its share: parts per million, nearly. */
const SAMPLE_BUCKETS = 1 << 20;

/** The SQL of a comparison, built from the dialect's pieces; one object for one pair of tables. */
export class DiffStatements extends LookStatements {
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

  /** A row of a range of the first key column, as both sides are read, whose key is not the same on both sides, holds a NULL or is not greater than that of the row before. */
  outOfStep(sides: Sides, range: KeyRange): string {
    return `SELECT 1 AS one ${this.#paired(sides, range)} QUALIFY ${this.#unordered()} OR ${this.#apart()} LIMIT 1`;
  }

  /** Candidates of a range of the first key column, row by row as both sides are read; `present` is `apart` where two rows' keys are not the same. */
  sideBySide(sides: Sides, range: KeyRange): string {
    return `SELECT ${this.#pairedCandidate(`CASE WHEN ${this.#apart()} THEN 'apart' ELSE 'both' END`)} ${this.#paired(sides, range)}
      WHERE ${this.#apart()} OR ${this.#differs()}`;
  }

  /** The same and, in the same look at the rows, whether they stand in step: `present` is `apart` also where a key is not greater than that of the row before. */
  inStep(sides: Sides, range: KeyRange): string {
    const outOfStep = `${this.#unordered()} OR ${this.#apart()}`;
    return `SELECT ${this.#pairedCandidate(`CASE WHEN ${outOfStep} THEN 'apart' ELSE 'both' END`)} ${this.#paired(sides, range)}
      QUALIFY ${outOfStep} OR ${this.#differs()}`;
  }

  #unordered(): string {
    const keys = this.keys('batch');
    return notAscending(
      keys,
      keys.map((key) => `lag(${key}) OVER ()`),
    );
  }

  /** Two rows that stand at the same place have not the same whole key. */
  #apart(): string {
    const stream = this.keys('stream');
    return this.keys('batch')
      .map((key, index) => `${key} IS NULL OR ${key} IS DISTINCT FROM ${stream[index] ?? 'NULL'}`)
      .join(' OR ');
  }

  #pairedCandidate(present: string): string {
    const values = this.#candidate().map(
      ([name, expression]) => `${name === 'present' ? present : expression} AS ${name}`,
    );
    return values.join(', ');
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
        `CASE WHEN ${this.missing('batch')} THEN 'stream' WHEN ${this.missing('stream')} THEN 'batch' ELSE 'both' END`,
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

  #differs(): string {
    const distinct = this.columns.compared.map((column) => this.distinct(column));
    return [this.missing('batch'), this.missing('stream'), ...distinct].join(' OR ');
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
