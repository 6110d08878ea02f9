/** How the values of a column are spread over a table. */
export interface KeySpread {
  readonly rows: number;
  /** Ascending texts, with about as many rows between each two. */
  readonly bounds: readonly string[];
  /** Share of the rows that have the most common value. */
  readonly most: number;
  /** An index leads through the table in the order of the column, in which its rows lie too: those of a range are found at once. */
  readonly led: boolean;
}
