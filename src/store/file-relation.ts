import type { FileFormat } from '../model/project.js';

/** A file that some program wrote. */
export interface GivenFile {
  readonly format: FileFormat;
  readonly path: string;
}

/** The relation in DuckDB SQL that reads a file. `columns`: of JSON, the columns with the types in which they are read; empty: as they are found. */
export function fileRelation({ format, path }: GivenFile, columns: string): string {
  const file = `'${path.replaceAll("'", "''")}'`;
  switch (format) {
    case 'parquet':
      return `read_parquet(${file}, hive_partitioning = false)`;
    case 'csv':
      // Text formats are read as text, so that nothing is guessed from the values (`007` and an empty text stay what they are).
      return `read_csv(${file}, header = true, all_varchar = true, allow_quoted_nulls = false, hive_partitioning = false)`;
    case 'ndjson':
      return `read_ndjson(${file}${columns === '' ? '' : `, columns = {${columns}}`})`;
  }
}
