import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { messageOf } from '../../model/errors.js';
import { unreadable } from './file-errors.js';
import { quotePath } from '../record/sql-text.js';

/** A small DuckDB of the log's own, in memory, that looks into files; opened when first needed. */
export class Inspector {
  #instance: DuckDBInstance | undefined;
  #connection: DuckDBConnection | undefined;

  /** Number of rows and the DuckDB type of each column, in order. Errors: LOG_FILE_UNREADABLE. */
  async parquet(path: string, name: string): Promise<{ rows: number; types: ReadonlyMap<string, string> }> {
    const file = quotePath(path);
    try {
      const [count] = await this.rows(`SELECT num_rows::VARCHAR FROM parquet_file_metadata(${file})`);
      const columns = await this.rows(
        `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${file}, hive_partitioning = false))`,
      );
      const types = new Map(columns.map(([column, type]) => [String(column), String(type)]));
      return { rows: Number(count?.[0]), types };
    } catch (error) {
      throw unreadable(name, messageOf(error).split('\n')[0] ?? '', { cause: error });
    }
  }

  /** Runs one statement; values as texts. */
  async rows(sql: string): Promise<(string | null)[][]> {
    this.#instance ??= await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB' });
    this.#connection ??= await this.#instance.connect();
    const result = await this.#connection.runAndReadAll(sql);
    return result.getRowsJson().map((row) => row.map((value) => (value === null ? null : String(value))));
  }

  close(): void {
    this.#connection?.closeSync();
    this.#instance?.closeSync();
    this.#connection = undefined;
    this.#instance = undefined;
  }
}
