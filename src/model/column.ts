/**
 * Families of column types. Two columns can be compared when their families are the same, or both numeric,
 * or both a kind of timestamp.
 */
export type ColumnFamily =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'interval'
  | 'uuid'
  | 'json'
  | 'bytes'
  | 'list'
  | 'struct'
  | 'other';

/** A column of a table, a query or an event. `type` is the store's own name of the type (for example `DECIMAL(18,2)`). */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly family: ColumnFamily;
}

export function isNumeric(family: ColumnFamily): boolean {
  return family === 'integer' || family === 'decimal' || family === 'double';
}

export function isTimestamp(family: ColumnFamily): boolean {
  return family === 'timestamp' || family === 'timestamptz';
}
