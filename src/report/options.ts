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

/** Advice is a document for people, or JSON; `html` is of it alone. */
export const ADVICE_FORMATS = ['table', 'json', 'markdown', 'html'] as const;

export type AdviceFormat = (typeof ADVICE_FORMATS)[number];

/** Every format that some command has. */
export const ALL_FORMATS = [...FORMATS, 'html'] as const;

/** The format of that name, or undefined. */
export function formatOf(name: unknown): Format | undefined {
  return FORMATS.find((format) => format === name);
}
