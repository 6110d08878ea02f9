import { tmpdir } from 'node:os';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { existingFile, filesOf, stampOf } from './side-files.js';
import { requireQuery } from '../diff/whole-sql.js';
import { delimiterOf, splitRecord } from '../log/file/csv-syntax.js';
import type { Column } from '../model/column.js';
import type { DatabaseEndpoint, Endpoint } from '../model/endpoint.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { SqlDialect, SqlSession, Store } from '../store/contract.js';
import { readFiles } from '../store/duckdb/file-rows.js';
import { typeAlone } from '../store/duckdb/text-columns.js';
import type { Written } from '../store/duckdb/text-candidates.js';
import { Workspace } from '../store/duckdb/workspace.js';

/** A side of a comparison that can be asked. */
export interface OpenSide {
  readonly name: 'left' | 'right';
  readonly label: string;
  /** The database that it is in: sides with the same one can be compared there. */
  readonly home: string;
  readonly session: SqlSession;
  readonly dialect: SqlDialect;
  readonly relation: string;
  readonly columns: readonly Column[];
  /** Columns that hold texts of values of which no type was said. */
  readonly written: ReadonlyMap<string, Written>;
  /** Sets of columns that are known to be distinct and not NULL. */
  readonly unique: readonly (readonly string[])[];
  readonly primaryKey: readonly string[] | null;
  /** False: somebody may write it while DuckDB reads it, and nothing would tell. */
  readonly still: boolean;
  readonly notes: readonly string[];
}

/** The home of everything that DuckDB reads. */
export const WORKSPACE = 'workspace';

const NO_KEYS = { unique: [], primaryKey: null } as const;

/** Opens the sides of a comparison, and closes all again. */
export class Sides {
  readonly #context: DiffContext;
  readonly #options: DiffOptions;
  #workspace: Promise<Workspace> | undefined;
  #used: string | undefined;
  readonly #stores: Store[] = [];
  readonly #sessions: SqlSession[] = [];
  readonly #files = new Map<string, string>();
  readonly #identities = new Map<'left' | 'right', () => Promise<unknown>>();

  constructor(context: DiffContext, options: DiffOptions) {
    this.#context = context;
    this.#options = options;
  }

  workspace(): Promise<Workspace> {
    const { memoryLimit, statementTimeout, gentle } = this.#options;
    this.#workspace ??= Workspace.open({ tempDir: tmpdir(), memoryLimit, statementTimeout }).then(async (workspace) => {
      if (gentle === true) await workspace.session.script('SET threads = 1');
      return workspace;
    });
    return this.#workspace;
  }

  /**
   * What tells that an open side is the same one in another process: of files what they were when they were opened, of a server its own numbers of the table. Of a
   * query in a server nothing is known but its text.
   */
  async identityOf(name: 'left' | 'right'): Promise<unknown> {
    return this.#identities.get(name)?.();
  }

  /** Ends what is under way. */
  interrupt(): void {
    void this.#workspace?.then((workspace) => workspace.interrupt()).catch(() => undefined);
    for (const session of this.#sessions) session.interrupt();
  }

  async close(): Promise<void> {
    const workspace = await this.#workspace?.catch(() => undefined);
    await workspace?.close();
    for (const store of this.#stores) await store.close();
  }

  /** Errors: those of the endpoint. */
  async open(endpoint: Endpoint, name: 'left' | 'right'): Promise<OpenSide> {
    switch (endpoint.kind) {
      case 'postgres':
        return this.#postgres(endpoint, name);
      case 'file':
        return this.#file(endpoint, name);
      default:
        return this.#attached(endpoint, name);
    }
  }

  /** Errors: ENDPOINT_CHANGED when a file that was read is another one by now. */
  async requireUnchanged(): Promise<void> {
    for (const [file, before] of this.#files) {
      if ((await stampOf(file)) !== before)
        throw new CutoverError(
          'ENDPOINT_CHANGED',
          `${file} changed while it was compared`,
          'Compare again when nobody writes it, or compare a copy.',
        );
    }
  }

  /** What is read twice has to be the same from the first time on. */
  async #watch(file: string): Promise<void> {
    if (!this.#files.has(file)) this.#files.set(file, await stampOf(file));
  }

  async #postgres(
    endpoint: DatabaseEndpoint & { kind: 'postgres' | 'mysql' },
    name: 'left' | 'right',
  ): Promise<OpenSide> {
    // A command that does not need it should not load the driver.
    const { openPostgresStore } = await import('../store/postgres/store.js');
    const { givenTable, identityOf, readAsUser, seesByPolicy } = await import('../store/postgres/given-table.js');
    const { lastingIdentity } = await import('../store/postgres/identity.js');
    const store = this.#openStore(
      () => openPostgresStore({ url: endpoint.url, schemas: { batch: '', stream: '', served: '' } }),
      endpoint.label,
    );
    this.#stores.push(store);
    const session = await store.session();
    this.#sessions.push(session);
    await readAsUser(session);
    const timeout = this.#options.statementTimeout;
    if (timeout !== undefined) await session.script(`SET statement_timeout = ${Math.ceil(timeout)}`);
    if (this.#options.gentle === true) await session.script('SET max_parallel_workers_per_gather = 0');
    const { relation } = endpoint;
    if (relation.kind === 'query') await requireQuery(session, relation.sql, endpoint.label);
    const table =
      relation.kind === 'query'
        ? { relation: `(${relation.sql}\n)`, ...NO_KEYS }
        : await givenTable(session, relation.kind === 'table' ? relation.name : [], endpoint.label);
    this.#identities.set(name, () => lastingIdentity(session, table.relation));
    const columns = await store.dialect.columns(session, table.relation).catch((error: unknown) => {
      throw failedQuery(error, endpoint.label);
    });
    const byPolicy = await seesByPolicy(session, table.relation);
    return {
      ...table,
      name,
      label: endpoint.label,
      home: await identityOf(session),
      session,
      dialect: store.dialect,
      columns,
      written: new Map(),
      still: false,
      notes: byPolicy
        ? [`row security decides which rows of ${endpoint.label} its user sees: only those are compared`]
        : [],
    };
  }

  #openStore(open: () => Store, label: string): Store {
    try {
      return open();
    } catch (error) {
      // The store's own words name the key of a configuration.
      if (error instanceof CutoverError && error.code === 'CONFIG_INVALID')
        throw new CutoverError(
          'ENDPOINT_INVALID',
          error.message.replace(/^store\.url/, `the URL of ${label}`),
          error.remedy,
        );
      throw error;
    }
  }

  async #attached(endpoint: DatabaseEndpoint, name: 'left' | 'right'): Promise<OpenSide> {
    const workspace = await this.workspace();
    const place =
      'url' in endpoint ? endpoint.url : await existingFile(this.#context.cwd, endpoint.path, endpoint.label);
    if ('path' in endpoint) {
      const stamps = [place, await stampOf(place), await stampOf(`${place}.wal`), await stampOf(`${place}-wal`)];
      this.#identities.set(name, () => Promise.resolve(stamps));
    }
    if (endpoint.kind === 'duckdb') await this.#watch(place);
    const catalog = await workspace.attach(
      endpoint.kind === 'postgres' ? 'duckdb' : endpoint.kind,
      place,
      endpoint.label.replace(/#.*$/s, ''),
    );
    const { relation } = endpoint;
    if (relation.kind !== 'query') {
      const parts = relation.kind === 'table' ? relation.name.map((part) => part.name) : [];
      const table = await workspace.table(catalog, parts, endpoint.label.replace(/#.*$/s, ''));
      return this.#inWorkspace(workspace, endpoint, name, table.relation, table);
    }
    await requireQuery(workspace.session, relation.sql, endpoint.label);
    let rows = `(${relation.sql}\n)`;
    const before = this.#used;
    if (before !== catalog) await workspace.use(catalog);
    if (before !== undefined && before !== catalog) {
      // Names in a query mean the tables of one database; what another one gives is kept.
      await workspace.columns(rows, endpoint.label);
      rows = await workspace.keep(name, `SELECT * FROM ${rows}`);
      await workspace.use(before);
    } else this.#used = catalog;
    return this.#inWorkspace(workspace, endpoint, name, rows);
  }

  async #file(endpoint: Endpoint & { kind: 'file' }, name: 'left' | 'right'): Promise<OpenSide> {
    const workspace = await this.workspace();
    const { label, relation, format } = endpoint;
    const files = await filesOf(workspace, this.#context.cwd, endpoint);
    for (const file of files) await this.#watch(file);
    const stamps = files.map((file) => [file, this.#files.get(file)]);
    this.#identities.set(name, () => Promise.resolve(stamps));
    this.#context.progress.update(`reading ${name}`, 0);
    const shown = label.replace(/#\(.*$/s, '');
    const rows = await readFiles(workspace, {
      format,
      files,
      label: shown,
      as: name,
      header: (line) => {
        const delimiter = delimiterOf(line);
        return { delimiter, names: splitRecord(line, delimiter) };
      },
    });
    const columns = await workspace.columns(rows.relation, shown);
    if (relation.kind !== 'query')
      return {
        ...(await this.#inWorkspace(workspace, endpoint, name, rows.relation)),
        written: rows.written,
        notes: rows.notes,
      };
    await requireQuery(workspace.session, relation.sql, label);
    const typed = await typeAlone(workspace, { ...rows, columns, label });
    const query = `(WITH data AS (SELECT * FROM ${typed}) SELECT * FROM (${relation.sql}\n) AS cutover_query)`;
    return { ...(await this.#inWorkspace(workspace, endpoint, name, query)), notes: rows.notes };
  }

  async #inWorkspace(
    workspace: Workspace,
    endpoint: Endpoint,
    name: 'left' | 'right',
    relation: string,
    keys: Pick<OpenSide, 'unique' | 'primaryKey'> = NO_KEYS,
  ): Promise<OpenSide> {
    return {
      name,
      label: endpoint.label,
      home: WORKSPACE,
      session: workspace.session,
      dialect: workspace.dialect,
      relation,
      columns: await workspace.columns(relation, endpoint.label),
      written: new Map(),
      unique: keys.unique,
      primaryKey: keys.primaryKey,
      // DuckDB keeps a database of its own from being written meanwhile; that files are the same at the end is looked at.
      still: endpoint.kind === 'file' || endpoint.kind === 'duckdb',
      notes: [],
    };
  }
}

function failedQuery(error: unknown, label: string): unknown {
  if (error instanceof CutoverError) return error;
  return new CutoverError('SQL_FAILED', `${label}: ${messageOf(error).split('\n', 1)[0] ?? ''}`, 'Correct the query.', {
    cause: error,
  });
}
