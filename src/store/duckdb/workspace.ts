import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Column } from '../../model/column.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { SqlSession } from '../contract.js';
import { duckDbDialect } from './dialect.js';
import { keepEveryCharacter } from './exact-texts.js';
import { extensionMissing, mappedFileError } from './file-failure.js';
import { Locks } from './locks.js';
import { DuckDbSession } from './session.js';

/** The database file in which rows are kept that have to be read once: it grows on disk, not in memory. */
export const SCRATCH = 'cutover_scratch';

/** Leaves room for the process itself within 512 MB. */
const MEMORY = '224MB';

/** What DuckDB has freed goes back to the system soon: else it would come on top of the limit. */
const GIVEN_BACK = {
  allocator_background_threads: 'true',
  allocator_flush_threshold: '4MB',
  allocator_bulk_deallocation_flush_threshold: '16MB',
};

/**
 * Bytes that DuckDB needs for each thread that reads and joins. Measured with 224MB and 1,000,000 differences: 5 threads are enough for Parquet, CSV and NDJSON,
 * with 8 there is no memory left for NDJSON, with 16 for any of them.
 */
const A_THREAD = 56_000_000;

/** How many threads have enough memory, at least one. @param memory such as `2GB` */
export function threadsWithin(memory: string): number {
  const [, digits = '0', unit = ''] = /^\s*([\d.]+)\s*([kmgt])i?b\s*$/i.exec(memory) ?? [];
  const bytes = Number(digits) * 1000 ** ' kmgt'.indexOf(unit.toLowerCase());
  return Math.max(1, Math.floor(bytes / A_THREAD));
}

export interface WorkspaceOptions {
  /** A folder in which a folder for scratch files is made, and removed at the end. */
  readonly tempDir: string;
  /** For example `2GB`; default 224MB. */
  readonly memoryLimit?: string | undefined;
  /** Milliseconds that a statement may take. */
  readonly statementTimeout?: number | undefined;
}

/** A table of an attached database. */
export interface AttachedTable {
  readonly relation: string;
  /** Sets of columns that a PRIMARY KEY, or a UNIQUE constraint over columns that are NOT NULL, keeps distinct. */
  readonly unique: readonly (readonly string[])[];
  readonly primaryKey: readonly string[] | null;
}

/** A DuckDB in memory in which tables and files from anywhere are compared; nothing of what it reads is ever written. */
export class Workspace {
  readonly dialect = duckDbDialect;
  readonly session: SqlSession;
  /** For scratch files. */
  readonly folder: string;
  readonly #instance: DuckDBInstance;
  readonly #attached = new Map<string, string>();
  readonly #readers: DuckDbSession[] = [];
  readonly #statementTimeout: number | undefined;
  #used: string | undefined;

  private constructor(
    instance: DuckDBInstance,
    session: SqlSession,
    folder: string,
    statementTimeout: number | undefined,
  ) {
    this.#instance = instance;
    this.#statementTimeout = statementTimeout;
    this.session = session;
    this.folder = folder;
  }

  static async open(options: WorkspaceOptions): Promise<Workspace> {
    const memory = options.memoryLimit ?? MEMORY;
    const folder = await mkdtemp(join(options.tempDir, 'cutover-diff-'));
    try {
      keepEveryCharacter();
      const instance = await DuckDBInstance.create(':memory:', {
        autoinstall_known_extensions: 'false',
        memory_limit: memory,
        temp_directory: join(folder, 'spill'),
        preserve_insertion_order: 'false',
        ...GIVEN_BACK,
      });
      const session = new DuckDbSession(await instance.connect(), new Locks());
      await session.script(
        `SET TimeZone = 'UTC'; ATTACH ${duckDbDialect.literal(join(folder, 'scratch.duckdb'))} AS ${SCRATCH}`,
      );
      const [row] = await session.query(`SELECT current_setting('threads') AS threads`);
      const most = threadsWithin(memory);
      if (Number(row?.['threads']) > most) await session.run(`SET threads = ${most}`);
      if (options.statementTimeout !== undefined) session.limitStatements(options.statementTimeout);
      return new Workspace(instance, session, folder, options.statementTimeout);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** As many sessions besides as there are threads: each sees all but what is temporary in the session. */
  async readers(): Promise<readonly SqlSession[]> {
    const [row] = await this.session.query(`SELECT current_setting('threads') AS threads`);
    while (this.#readers.length < Number(row?.['threads'] ?? 1)) {
      const reader = new DuckDbSession(await this.#instance.connect(), new Locks());
      this.#readers.push(reader);
      if (this.#statementTimeout !== undefined) reader.limitStatements(this.#statementTimeout);
      await reader.script(`SET TimeZone = 'UTC'${this.#used === undefined ? '' : `; USE ${this.#used}`}`);
    }
    return this.#readers;
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
    await this.session.close();
    this.#instance.closeSync();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Ends the statement under way. */
  interrupt(): void {
    for (const session of [this.session, ...this.#readers]) session.interrupt();
  }

  /**
   * Attaches a database, to be read only. Errors: ENDPOINT_MISSING, ENDPOINT_UNREADABLE, STORE_LOCKED, EXTENSION_MISSING.
   *
   * @param place the absolute path of a file, or a URL
   * @param label the place for people
   * @returns the name under which it is attached; the same for the same place
   */
  async attach(kind: 'duckdb' | 'sqlite' | 'mysql', place: string, label: string): Promise<string> {
    const before = this.#attached.get(`${kind}:${place}`);
    if (before !== undefined) return before;
    if (kind !== 'duckdb') {
      await this.session.script(`LOAD ${kind}`).catch((error: unknown) => {
        throw extensionMissing(kind, label, error);
      });
    }
    const name = `cutover_side_${this.#attached.size + 1}`;
    const how = kind === 'duckdb' ? 'READ_ONLY' : `TYPE ${kind}, READ_ONLY`;
    try {
      await this.session.script(`ATTACH ${duckDbDialect.literal(place)} AS ${name} (${how})`);
    } catch (error) {
      // A URL may hold a password, and so may what the extension says of it.
      if (kind === 'mysql')
        throw new CutoverError(
          'STORE_UNREACHABLE',
          `${label} cannot be reached`,
          'Check that the server runs, the user and the password.',
        );
      throw mappedFileError(error, label);
    }
    this.#attached.set(`${kind}:${place}`, name);
    return name;
  }

  /** A table or view of an attached database. Errors: TABLE_MISSING, which lists what is there. */
  async table(catalog: string, name: readonly string[], label: string): Promise<AttachedTable> {
    const { quote } = duckDbDialect;
    const [table = '', schema = 'main'] = [...name].reverse();
    const found = await this.session.query(
      `SELECT schema_name AS s, table_name AS t FROM (SELECT database_name, schema_name, table_name FROM duckdb_tables()
         UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal)
       WHERE database_name = $1 ORDER BY 1, 2`,
      [catalog],
    );
    const all = found.map((row) => ({ schema: String(row['s']), table: String(row['t']) }));
    const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
    const one = all.find((each) => same(each.table, table) && (name.length === 1 ? true : same(each.schema, schema)));
    if (table === '' || one === undefined) {
      const names = all.map((each) => (each.schema === 'main' ? each.table : `${each.schema}.${each.table}`));
      const listed = `${names.slice(0, 10).join(', ')}${names.length > 10 ? `, and ${names.length - 10} more` : ''}`;
      throw new CutoverError(
        'TABLE_MISSING',
        table === '' ? `${label} names no table` : `there is no table ${name.join('.')} in ${label}`,
        names.length === 0 ? 'The database is empty.' : `Name one behind the #. Tables: ${listed}.`,
      );
    }
    const shadowed = name.length === 1 ? all.filter((each) => same(each.table, table)) : [one];
    const chosen = shadowed.find(({ schema: own }) => own === 'main') ?? one;
    if (shadowed.length > 1 && chosen.schema !== 'main')
      throw new CutoverError(
        'TABLE_MISSING',
        `${shadowed.length} tables of ${label} are called ${table}`,
        `Name its schema: ${shadowed.map((each) => `${each.schema}.${each.table}`).join(', ')}.`,
      );
    return {
      relation: `${catalog}.${quote(chosen.schema)}.${quote(chosen.table)}`,
      ...(await this.#constraints(catalog, chosen.schema, chosen.table)),
    };
  }

  async #constraints(
    catalog: string,
    schema: string,
    table: string,
  ): Promise<Pick<AttachedTable, 'unique' | 'primaryKey'>> {
    const rows = await this.session.query(
      `SELECT constraint_type AS kind, constraint_column_names AS names FROM duckdb_constraints()
       WHERE database_name = $1 AND schema_name = $2 AND table_name = $3`,
      [catalog, schema, table],
    );
    const of = (kind: string): string[][] =>
      rows
        .filter((row) => row['kind'] === kind)
        .map((row) => (Array.isArray(row['names']) ? row['names'].map(String) : []));
    const notNull = new Set(of('NOT NULL').flat());
    const primary = of('PRIMARY KEY');
    return {
      primaryKey: primary[0] ?? null,
      unique: [...primary, ...of('UNIQUE').filter((names) => names.every((name) => notNull.has(name)))],
    };
  }

  /** Makes the names in queries mean the tables of an attached database. */
  async use(catalog: string): Promise<void> {
    await this.session.script(`USE ${catalog}`);
    this.#used = catalog;
  }

  /** Errors: those of a query that is wrong (SQL_FAILED). */
  async columns(relation: string, label: string): Promise<Column[]> {
    try {
      return await duckDbDialect.columns(this.session, relation);
    } catch (error) {
      const known = mappedFileError(error instanceof CutoverError ? (error.cause ?? error) : error, label);
      if (known instanceof CutoverError) throw known;
      const [first = ''] = messageOf(known).split('\n');
      const missing = /^Catalog Error: Table/.test(first);
      throw new CutoverError(
        missing ? 'TABLE_MISSING' : 'SQL_FAILED',
        `${label}: ${first}`,
        missing ? 'Correct the name of the table.' : 'Correct the query.',
        { cause: error },
      );
    }
  }

  /** Keeps the rows of a query in the scratch database. Returns the relation. */
  async keep(name: string, query: string): Promise<string> {
    const relation = `${SCRATCH}.${duckDbDialect.quote(name)}`;
    await this.session.script(`CREATE OR REPLACE TABLE ${relation} AS ${query}`);
    return relation;
  }
}
