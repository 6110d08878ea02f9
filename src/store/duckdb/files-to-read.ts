import type { FileFormat } from '../../model/project.js';
import type { Written } from './text-candidates.js';

/** Rows of files in the workspace. */
export interface FileRows {
  readonly relation: string;
  /** Columns that hold texts of values of which no type was said. */
  readonly written: ReadonlyMap<string, Written>;
  readonly notes: readonly string[];
  /** What was read. */
  readonly files: readonly string[];
}

export interface FilesToRead {
  readonly format: FileFormat;
  /** Absolute. */
  readonly files: readonly string[];
  readonly label: string;
  /** Name for what has to be kept of them. */
  readonly as: string;
  /** Takes the first line of a CSV file apart. */
  readonly header: (line: string) => {
    readonly names: readonly (string | null)[] | undefined;
    readonly delimiter: string;
  };
}
