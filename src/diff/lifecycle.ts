import type { Cell } from '../model/cell.js';
import type { Discrepancy } from '../model/comparison.js';
import type { Param, SqlSession } from '../store/contract.js';

/** Discrepancies of a pipeline that are followed at the same time; those beyond are counted, not followed. */
export const MAX_OPEN = 10_000;

const ROWS_PER_STATEMENT = 500;

export interface SaveOptions {
  readonly comparisonId: string;
  /** ISO 8601 */
  readonly at: string;
  /** False for a key outside of what was compared: not seeing it says nothing about it. */
  readonly resolvable: (key: Discrepancy['key']) => boolean;
  /** The most that are followed at the same time; for tests. */
  readonly maxOpen?: number;
}

export interface SaveResult {
  /** All that are open now, seen in this comparison or not; one more stands for all that are not followed. */
  readonly open: number;
  readonly opened: number;
  readonly continued: number;
  readonly resolved: number;
  /** New ones beyond the limit: not followed one by one. */
  readonly unstored: number;
}

interface Known {
  readonly keyJson: string;
  readonly firstSeen: { readonly comparison_id: string; readonly at: string };
}

function keyJsonOf(key: Discrepancy['key']): string {
  return JSON.stringify(key);
}

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return Array.isArray(value) ? value.map(cellOf) : String(value);
}

function keyOf(json: string): Discrepancy['key'] {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).map(([column, value]) => [column, cellOf(value)]));
}

/** A store prints `2026-01-31 10:00:00.5+00`, JavaScript writes ISO 8601. */
function isoOf(cell: Cell | undefined): string {
  const text = String(cell)
    .replace(' ', 'T')
    .replace(/([+-]\d\d)$/, '$1:00');
  return new Date(text).toISOString();
}

/**
 * The row that stands for all discrepancies beyond the limit: it has no key, so that only a comparison of everything resolves it.
 * Without it, partial comparisons could close all that is followed while others are still open.
 */
const BEYOND: Discrepancy = {
  key: {},
  kind: 'value_mismatch',
  columns: {},
  first_seen: null,
  cause: 'more discrepancies than are followed',
};

/** Reads the discrepancies of a pipeline that were open after its last comparison. */
export async function openLifecycle(session: SqlSession, pipeline: string): Promise<DiscrepancyLifecycle> {
  const rows = await session.query(
    `SELECT key_json, first_seen, CAST(first_seen_at AS VARCHAR) AS first_seen_at FROM cutover.discrepancies
     WHERE pipeline = $1 AND resolved_in IS NULL`,
    [pipeline],
  );
  const known = rows.map((row) => ({
    keyJson: String(row['key_json']),
    firstSeen: { comparison_id: String(row['first_seen']), at: isoOf(row['first_seen_at']) },
  }));
  return new DiscrepancyLifecycle(pipeline, known);
}

/**
 * Follows discrepancies across comparisons: a key is known by its values, so that it keeps its first sight when the kind of its
 * discrepancy changes; a key that comes back after it was resolved begins anew. Memory is bounded by the limit of open ones.
 */
export class DiscrepancyLifecycle {
  readonly #pipeline: string;
  readonly #known: Map<string, Known>;
  readonly #seen = new Map<string, Discrepancy>();
  readonly #fresh = new Map<string, Discrepancy>();
  #beyond = 0;

  constructor(pipeline: string, known: readonly Known[]) {
    this.#pipeline = pipeline;
    this.#known = new Map(known.map((entry) => [entry.keyJson, entry]));
  }

  /**
   * Notes a discrepancy of the present comparison (again: no effect); returns it with its first sight where it was known, after `save`
   * also where it is new.
   */
  see(discrepancy: Discrepancy): Discrepancy {
    const keyJson = keyJsonOf(discrepancy.key);
    const known = this.#known.get(keyJson);
    if (known !== undefined) {
      if (!this.#seen.has(keyJson)) this.#seen.set(keyJson, discrepancy);
      return { ...discrepancy, first_seen: known.firstSeen };
    }
    if (!this.#fresh.has(keyJson)) {
      if (this.#fresh.size < MAX_OPEN) this.#fresh.set(keyJson, discrepancy);
      else this.#beyond += 1;
    }
    return discrepancy;
  }

  /** Stores what was seen and resolves what was not, in the caller's transaction. Call once, after the comparison. */
  async save(session: SqlSession, options: SaveOptions): Promise<SaveResult> {
    const followed = [...this.#known.values()].filter(({ keyJson }) => keyJson !== keyJsonOf(BEYOND.key));
    const before = followed.length;
    const gone = followed.filter(({ keyJson }) => !this.#seen.has(keyJson) && options.resolvable(keyOf(keyJson)));
    const room = Math.max(0, (options.maxOpen ?? MAX_OPEN) - (before - gone.length));
    const opened = [...this.#fresh].slice(0, room);
    const unstored = this.#fresh.size - opened.length + this.#beyond;
    const continued = this.#seen.size;
    const beyond = this.#judgeBeyond(unstored, options);
    if (beyond === 'opens') opened.push([keyJsonOf(BEYOND.key), BEYOND]);
    const moment: Param[] = [this.#pipeline, options.comparisonId, options.at];
    for (const part of parts([...this.#seen])) await updateSeen(session, moment, part);
    const closing =
      beyond === 'closes'
        ? [...gone.map(({ keyJson }) => keyJson), keyJsonOf(BEYOND.key)]
        : gone.map(({ keyJson }) => keyJson);
    for (const part of parts(closing)) await resolve(session, moment, part);
    for (const part of parts(opened)) await insertNew(session, moment, part);
    for (const [keyJson] of opened) {
      this.#known.set(keyJson, { keyJson, firstSeen: { comparison_id: options.comparisonId, at: options.at } });
    }
    for (const keyJson of closing) this.#known.delete(keyJson);
    return {
      open: this.#known.size,
      opened: Math.min(this.#fresh.size, room),
      continued,
      resolved: gone.length,
      unstored,
    };
  }

  #judgeBeyond(unstored: number, options: SaveOptions): 'opens' | 'closes' | 'stays' {
    const open = this.#known.has(keyJsonOf(BEYOND.key));
    if (unstored > 0) return open ? 'stays' : 'opens';
    return open && options.resolvable(BEYOND.key) ? 'closes' : 'stays';
  }
}

type Entry = readonly [keyJson: string, discrepancy: Discrepancy];

function* parts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += ROWS_PER_STATEMENT)
    yield all.slice(start, start + ROWS_PER_STATEMENT);
}

/** `(CAST($4 AS VARCHAR), ...), ...` with the parameters that belong to it; $1 to $3 are the pipeline, the comparison and the moment. */
function valuesOf(rows: readonly (readonly string[])[]): { sql: string; params: Param[] } {
  let number = 3;
  const tuples = rows.map((row) => `(${row.map(() => `CAST($${(number += 1)} AS VARCHAR)`).join(', ')})`);
  return { sql: tuples.join(', '), params: rows.flat() };
}

function stored([keyJson, { kind, columns }]: Entry): string[] {
  return [keyJson, kind, JSON.stringify(columns)];
}

async function updateSeen(session: SqlSession, moment: readonly Param[], entries: readonly Entry[]): Promise<void> {
  const { sql, params } = valuesOf(entries.map(stored));
  await session.run(
    `UPDATE cutover.discrepancies AS d SET kind = v.kind, columns_json = v.columns_json,
       last_seen = CAST($2 AS BIGINT), last_seen_at = CAST($3 AS TIMESTAMPTZ)
     FROM (VALUES ${sql}) AS v (key_json, kind, columns_json)
     WHERE d.pipeline = $1 AND d.resolved_in IS NULL AND d.key_json = v.key_json`,
    [...moment, ...params],
  );
}

async function resolve(session: SqlSession, moment: readonly Param[], keys: readonly string[]): Promise<void> {
  const { sql, params } = valuesOf(keys.map((keyJson) => [keyJson]));
  await session.run(
    `UPDATE cutover.discrepancies AS d SET resolved_in = CAST($2 AS BIGINT), resolved_at = CAST($3 AS TIMESTAMPTZ)
     FROM (VALUES ${sql}) AS v (key_json)
     WHERE d.pipeline = $1 AND d.resolved_in IS NULL AND d.key_json = v.key_json`,
    [...moment, ...params],
  );
}

async function insertNew(session: SqlSession, moment: readonly Param[], entries: readonly Entry[]): Promise<void> {
  const { sql, params } = valuesOf(entries.map(stored));
  await session.run(
    `INSERT INTO cutover.discrepancies (pipeline, key_json, kind, columns_json, first_seen, first_seen_at, last_seen, last_seen_at)
     SELECT $1, v.key_json, v.kind, v.columns_json, CAST($2 AS BIGINT), CAST($3 AS TIMESTAMPTZ), CAST($2 AS BIGINT), CAST($3 AS TIMESTAMPTZ)
     FROM (VALUES ${sql}) AS v (key_json, kind, columns_json)`,
    [...moment, ...params],
  );
}
