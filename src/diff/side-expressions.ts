import type { Column } from '../model/column.js';
import type { HashedValue, SqlDialect } from '../store/contract.js';
import type { DiffColumns } from './columns.js';
import type { ComparedColumn } from './compared-column.js';
import { blockBucket } from './key-blocks.js';
import { isWhole, type BucketScope, type Side, type SideSource } from './sides.js';

const FLAG: Column = { name: '', type: 'boolean', family: 'boolean' };

/** The SQL of what stands in the columns of a side; a side's rows go by its name. */
export class SideExpressions {
  protected readonly dialect: SqlDialect;
  protected readonly columns: DiffColumns;

  readonly #row: (side: Side) => string;

  /** @param row what stands before a column's name; the side's name where it is left out */
  constructor(dialect: SqlDialect, columns: DiffColumns, row: (side: Side) => string = (side) => `${side}.`) {
    this.dialect = dialect;
    this.columns = columns;
    this.#row = row;
  }

  /** What a digest makes of a row: its bucket, its hash, and whether its key holds a NULL. */
  digested(side: Side, how: Omit<BucketScope, 'listed'>): { bucket: string; hash: string; nullKey: string } {
    const values = [...this.hashedKey(side), ...this.columns.compared.flatMap((column) => this.hashed(column, side))];
    return {
      bucket: this.#bucketOf(side, how),
      hash: this.dialect.rowHash(values),
      nullKey: this.nullKey(side),
    };
  }

  /** The first key column of a side. */
  protected first(side: Side): string {
    const [first] = this.columns.key;
    return first === undefined ? 'NULL' : this.column(first, side);
  }

  protected column(column: ComparedColumn, side: Side): string {
    return `${this.#row(side)}${this.dialect.quote(column[side].name)}`;
  }

  protected text(column: ComparedColumn, side: Side): string {
    return this.dialect.canonicalText(this.column(column, side), column[side]);
  }

  protected comparable(column: ComparedColumn, side: Side): string {
    const plain = this.column(column, side);
    const [self, other] = this.#asCompared(column, side);
    return this.dialect.comparable(
      column.rule.set === true ? this.dialect.asSet(plain, column[side]) : plain,
      self,
      other,
    );
  }

  /** The types of what is compared: of sets, the texts of their elements. */
  #asCompared(column: ComparedColumn, side: Side): readonly [self: Column, other: Column] {
    if (column.rule.set !== true)
      return side === 'batch' ? [column.batch, column.stream] : [column.stream, column.batch];
    const texts: Column = { name: column.name, type: this.dialect.columnType('text[]'), family: 'list' };
    return [texts, texts];
  }

  /** The values that are compared. A set drops NULL elements: whether there was one is a value of its own. */
  protected values(column: ComparedColumn, side: Side): string[] {
    const value = this.comparable(column, side);
    return column.rule.set === true
      ? [value, `(array_position(${this.column(column, side)}, NULL) IS NOT NULL)`]
      : [value];
  }

  /** The values as they go into the row hash. */
  protected hashed(column: ComparedColumn, side: Side): HashedValue[] {
    const [self, other] = this.#asCompared(column, side);
    const [first = '', ...flags] = this.values(column, side);
    return [
      { expression: first, self, other, nullable: true },
      ...flags.map((expression) => ({ expression, self: FLAG, other: FLAG, nullable: true })),
    ];
  }

  /** The key of a row that has no NULL in it. */
  protected hashedKey(side: Side): HashedValue[] {
    return this.columns.key
      .flatMap((column) => this.hashed(column, side))
      .map((value) => ({ ...value, nullable: false }));
  }

  protected distinct(column: ComparedColumn): string {
    const batch = this.values(column, 'batch');
    const stream = this.values(column, 'stream');
    return `(${batch.map((value, index) => `${value} IS DISTINCT FROM ${stream[index] ?? 'NULL'}`).join(' OR ')})`;
  }

  protected keys(side: Side): string[] {
    return this.columns.key.map((column) => this.comparable(column, side));
  }

  protected nullKey(side: Side): string {
    return `(${this.columns.key.map((column) => this.isNull(column, side)).join(' OR ')})`;
  }

  /** IS NULL is true of a struct of NULLs too, in PostgreSQL. */
  protected isNull(column: ComparedColumn, side: Side): string {
    return `${this.column(column, side)} ${column[side].family === 'struct' ? 'IS NOT DISTINCT FROM' : 'IS'} NULL`;
  }

  protected notNull(source: SideSource): string | undefined {
    return isWhole(source) ? undefined : `NOT ${this.nullKey(source.side)}`;
  }

  protected inScope(side: Side, scope: BucketScope | undefined): string | undefined {
    return scope === undefined ? undefined : this.dialect.isOneOf(this.#bucketOf(side, scope), scope.listed);
  }

  #bucketOf(side: Side, { buckets, shift }: Omit<BucketScope, 'listed'>): string {
    return shift === undefined || shift === null
      ? this.dialect.bucketOf(this.hashedKey(side), buckets)
      : blockBucket(this.first(side), shift, buckets);
  }
}
