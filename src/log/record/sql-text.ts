/** An identifier in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path as a literal for DuckDB's readers, which would take `*`, `?` and `[` in a file's name for a glob. */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, (special) => `[${special}]`));
}
