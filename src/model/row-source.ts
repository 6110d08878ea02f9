/**
 * Rows on their way into a store, for columns of declared types.
 *
 * `relation`: DuckDB SQL that yields the columns by name; a store that is no DuckDB runs it in one of its own.
 * `csv`: records in the order of the columns, each ended by `\n`, in UTF-8, split anywhere between two records. Values are separated by commas;
 * NULL is nothing, every other value stands in double quotes (doubled inside). The texts are those of `docs/design.md`, "Interchange form":
 * whoever makes them has checked that they fit their type, so that a store need not.
 */
export type RowSource =
  { readonly kind: 'relation'; readonly sql: string } | { readonly kind: 'csv'; readonly parts: readonly Uint8Array[] };
