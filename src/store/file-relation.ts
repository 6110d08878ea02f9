import type { FileFormat } from '../model/project.js';

/** A file that some program wrote. */
export interface GivenFile<F extends FileFormat = FileFormat> {
  readonly format: F;
  readonly path: string;
}

/** The relation in DuckDB SQL that reads a file of columns. Of NDJSON, see `ndjson-members.ts`. */
export function fileRelation({ format, path }: GivenFile<'parquet' | 'csv'>): string {
  const file = `'${path.replaceAll("'", "''")}'`;
  switch (format) {
    case 'parquet':
      return `read_parquet(${file}, hive_partitioning = false)`;
    case 'csv':
      // Text formats are read as text, so that nothing is guessed from the values (`007` and an empty text stay what they are).
      return `read_csv(${file}, header = true, all_varchar = true, allow_quoted_nulls = false, hive_partitioning = false)`;
  }
}
