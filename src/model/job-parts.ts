import type { Duration } from './duration.js';

/** A text that came from a file, or from the configuration itself (`path` is then the configuration's). */
export interface SourceText {
  readonly path: string;
  readonly text: string;
  /** Inline text only: the line of `path` on which the text begins. */
  readonly firstLine?: number;
}

export type Schedule = { readonly every: Duration } | { readonly cron: string };

/** What a row's window is: an event changes only rows of its own window. */
export interface MergeWindow {
  /** A column of the key. */
  readonly column: string;
  /** The SQL expression over `events` that gives that column's value for an event. */
  readonly from: string;
}
