/**
 * How a value is written on its way from one store to another; the text is the same whatever store reads it. `number`: a decimal number of any length, without
 * trailing zeros, or NaN, Infinity, -Infinity. `interval`: months, days and microseconds as whole numbers with blanks between them. `bytes`: `\x` and hexadecimal
 * digits. `list`: a JSON array of the texts of its elements. Dates and times: as ISO 8601 with a blank before the time, ` BC` at the end for years before 1,
 * `infinity` and `-infinity`; with a zone, in UTC with its offset. `boolean`: `t` or `f`.
 */
export type ValueForm =
  | {
      readonly kind:
        | 'text'
        | 'json'
        | 'boolean'
        | 'smallint'
        | 'integer'
        | 'bigint'
        | 'number'
        | 'float'
        | 'double'
        | 'date'
        | 'timestamp'
        | 'timestamptz'
        | 'time'
        | 'timetz'
        | 'interval'
        | 'uuid'
        | 'bytes';
    }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly element: ValueForm }
  /** The canonical text of what the receiver has no value for: a list whose depth its type does not tell, a time too late for it; `type` is the sender's name of its type. */
  | { readonly kind: 'canonical'; readonly family: 'list' | 'timestamp' | 'timestamptz'; readonly type: string };

/** A column on its way from one store to another. */
export interface TransferColumn {
  readonly name: string;
  readonly form: ValueForm;
}

/**
 * Records on their way, split anywhere: each ends with a line feed, values are separated by tabs, NULL is `\N`, and in a value `\\`, `\t`, `\n`, `\r`, `\b`, `\f`
 * and `\v` stand for the characters (the text format of PostgreSQL's COPY), so that a line feed is always the end of a record. In UTF-8. There are two columns
 * at least: a record is never an empty line.
 */
export type TransferBytes = AsyncIterable<Uint8Array>;
