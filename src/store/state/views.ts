import type { OffsetVectorJson } from '../../model/offset-vector.js';
import type { ViewSide, ViewSource } from '../../model/view.js';
import type { Row, SqlSession } from '../contract.js';

/** How the rows in a view's table came to be. */
export interface ViewRecord {
  readonly name: string;
  /** What the last refresh that did not fail made; null: there was none. */
  readonly built: BuiltView | null;
  /** The last try. */
  readonly attemptedAt: Date;
  readonly error: string | null;
  /** Tries that failed since the last one that did not. */
  readonly failures: number;
}

export interface BuiltView {
  readonly codeHash: string;
  /** When its snapshot was taken. */
  readonly refreshedAt: Date;
  /** Milliseconds. */
  readonly duration: number;
  readonly rows: number;
  readonly changedRows: number;
  /** How many were computed; null: all rows. */
  readonly partitions: number | null;
  readonly fullAt: Date;
  readonly fullReason: string | null;
  readonly correctedRows: number;
  readonly sources: readonly ViewSource[];
  /** null: nothing to go on from. */
  readonly basis: ViewBasis | null;
}

/** What the rows of a refresh reflect: the input of each side that it read, and which rows of which side readers see. */
export interface ViewBasis {
  /** Where the stream sides stood. */
  readonly offsets: OffsetVectorJson;
  /** Retries from quarantine until then: they bring in events below these offsets. A batch side takes them in with its next result. */
  readonly retries: number;
  readonly sources: { readonly [pipeline: string]: SourceBasis };
}

interface SourceBasis {
  readonly side: ViewSide;
  /** Hash of what the served name gives: another share of the canary changes rows of any partition. */
  readonly served: string;
  /** What the batch side reflects; null: it was not published since its tables were made. */
  readonly batch: { readonly cut: OffsetVectorJson; readonly code: string; readonly retries: number } | null;
}

const MS = (column: string): string => `CAST(extract(epoch FROM ${column}) * 1000 AS BIGINT) AS ${column}`;

const SELECT = `SELECT name, code_hash, ${MS('refreshed_at')}, duration_ms, row_count, changed_rows, partitions, ${MS('full_at')}, full_reason,
  corrected_rows, sources_json, basis_json, ${MS('attempted_at')}, error, failures FROM cutover.views`;

/** All views that were ever tried, by name. */
export async function loadViews(session: SqlSession): Promise<ReadonlyMap<string, ViewRecord>> {
  const rows = await session.query(`${SELECT} ORDER BY name`);
  return new Map(rows.map((row) => [String(row['name']), recordOf(row)]));
}

export async function loadView(session: SqlSession, name: string): Promise<ViewRecord | null> {
  const [row] = await session.query(`${SELECT} WHERE name = $1`, [name]);
  return row === undefined ? null : recordOf(row);
}

function recordOf(row: Row): ViewRecord {
  const codeHash = textOf(row['code_hash']);
  return {
    name: String(row['name']),
    built:
      codeHash === null
        ? null
        : {
            codeHash,
            refreshedAt: dateOf(row['refreshed_at']),
            duration: Number(row['duration_ms']),
            rows: Number(row['row_count']),
            changedRows: Number(row['changed_rows']),
            partitions: row['partitions'] === null ? null : Number(row['partitions']),
            fullAt: dateOf(row['full_at']),
            fullReason: textOf(row['full_reason']),
            correctedRows: Number(row['corrected_rows']),
            sources: JSON.parse(String(row['sources_json'])) as ViewSource[],
            basis: row['basis_json'] === null ? null : (JSON.parse(String(row['basis_json'])) as ViewBasis),
          },
    attemptedAt: dateOf(row['attempted_at']),
    error: textOf(row['error']),
    failures: Number(row['failures']),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function dateOf(value: unknown): Date {
  return new Date(Number(value));
}

/** In the transaction that changes the view's table. */
export async function saveBuiltView(session: SqlSession, name: string, built: BuiltView): Promise<void> {
  await session.run(
    `INSERT INTO cutover.views (name, code_hash, refreshed_at, duration_ms, row_count, changed_rows, partitions, full_at, full_reason, corrected_rows,
       sources_json, basis_json, attempted_at, error, failures)
     VALUES ($1, $2, CAST($3 AS TIMESTAMPTZ), $4, $5, $6, $7, CAST($8 AS TIMESTAMPTZ), $9, $10, $11, $12, CAST($3 AS TIMESTAMPTZ), NULL, 0)
     ON CONFLICT (name) DO UPDATE SET code_hash = excluded.code_hash, refreshed_at = excluded.refreshed_at, duration_ms = excluded.duration_ms,
       row_count = excluded.row_count, changed_rows = excluded.changed_rows, partitions = excluded.partitions, full_at = excluded.full_at,
       full_reason = excluded.full_reason, corrected_rows = excluded.corrected_rows, sources_json = excluded.sources_json,
       basis_json = excluded.basis_json, attempted_at = excluded.attempted_at, error = excluded.error, failures = excluded.failures`,
    [
      name,
      built.codeHash,
      built.refreshedAt.toISOString(),
      Math.round(built.duration),
      built.rows,
      built.changedRows,
      built.partitions,
      built.fullAt.toISOString(),
      built.fullReason,
      built.correctedRows,
      JSON.stringify(built.sources),
      built.basis === null ? null : JSON.stringify(built.basis),
    ],
  );
}

/** Notes that a try failed; what the last good one made stays as it is. */
export async function saveFailedView(session: SqlSession, name: string, error: string, at: Date): Promise<void> {
  await session.run(
    `INSERT INTO cutover.views (name, corrected_rows, sources_json, attempted_at, error, failures)
     VALUES ($1, 0, '[]', CAST($2 AS TIMESTAMPTZ), $3, 1)
     ON CONFLICT (name) DO UPDATE SET attempted_at = excluded.attempted_at, error = excluded.error, failures = views.failures + 1`,
    [name, at.toISOString(), error],
  );
}

/** In the transaction that replaces stream tables: what views took from the former ones says nothing of the new ones, so that they compute all rows next. */
export async function forgetViewBases(session: SqlSession): Promise<void> {
  await session.run('UPDATE cutover.views SET basis_json = NULL WHERE basis_json IS NOT NULL');
}

export async function forgetView(session: SqlSession, name: string): Promise<void> {
  await session.run('DELETE FROM cutover.views WHERE name = $1', [name]);
}
