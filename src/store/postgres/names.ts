export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Backslashes mean themselves in a plain literal (`standard_conforming_strings`, which sessions set). */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
