/** What a renderer needs to know of where its text goes. Renderers are pure: (result, options) -> text. */
export interface RenderOptions {
  /** Whether ANSI colours may be used (table only). */
  readonly color: boolean;
  /** Columns of the terminal (table only). */
  readonly width: number;
  /** Discrepancies, or entries of a history, listed at the most. Counts are never capped. */
  readonly limit: number;
  /** A run's comparisons were printed already: only its summary follows (table and ndjson; documents are always whole). */
  readonly brief?: boolean;
}

export const FORMATS = ['table', 'json', 'ndjson', 'csv', 'junit', 'markdown'] as const;

export type Format = (typeof FORMATS)[number];

/** The format of that name, or undefined. */
export function formatOf(name: unknown): Format | undefined {
  return FORMATS.find((format) => format === name);
}
