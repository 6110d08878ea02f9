import type { Comparison, ComparisonAlignment } from '../../model/comparison.js';
import type { OffsetVectorJson } from '../../model/offset-vector.js';
import type { ComparisonSummary } from '../../model/results.js';
import { verdictOf } from '../../model/verdict.js';
import type { Param, Row, SqlSession } from '../contract.js';

/** The next comparison id; ids rise, so that "newest" is "highest". */
export async function nextComparisonId(session: SqlSession): Promise<string> {
  const [row] = await session.query(`SELECT CAST(nextval('cutover.comparison_id') AS VARCHAR) AS id`);
  return String(row?.['id']);
}

const COLUMNS = `pipeline, verdict, cut_json, full_scope, reused_from, finished_at, evidence_batch, evidence_stream, evidence_rules, keys_compared,
  mismatch_rate, result_json, alignment_json`;

const VALUES = `$1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS TIMESTAMPTZ), $7, $8, $9, $10, CAST($11 AS DOUBLE PRECISION), $12, $13`;

/** Of cutover's own sides there is nothing to be told: they are compared at an exact cut. */
function external({ alignment }: Comparison): boolean {
  return alignment.method !== 'snapshot' && alignment.method !== 'copy';
}

function valuesOf(comparison: Comparison): Param[] {
  return [
    comparison.pipeline,
    comparison.verdict,
    JSON.stringify(comparison.cut),
    comparison.scope.full,
    comparison.reused_from,
    comparison.finished_at,
    comparison.evidence.batch,
    comparison.evidence.stream,
    comparison.evidence.rules,
    comparison.keys_compared,
    String(comparison.mismatch_rate),
    JSON.stringify(comparison),
    external(comparison) ? JSON.stringify(comparison.alignment) : null,
  ];
}

export async function insertComparison(session: SqlSession, comparison: Comparison): Promise<void> {
  await session.run(`INSERT INTO cutover.comparisons (${COLUMNS}, id) VALUES (${VALUES}, CAST($14 AS BIGINT))`, [
    ...valuesOf(comparison),
    comparison.comparison_id,
  ]);
}

/** Stores a comparison under the next id, whatever its own says, in one statement; returns that id. */
export async function insertUnderNextId(session: SqlSession, comparison: Comparison): Promise<string> {
  const [row] = await session.query(
    `INSERT INTO cutover.comparisons (${COLUMNS}, id) VALUES (${VALUES}, nextval('cutover.comparison_id')) RETURNING CAST(id AS VARCHAR) AS id`,
    valuesOf(comparison),
  );
  return String(row?.['id']);
}

/** The id is the row's: see `insertUnderNextId`. */
function parse(row: Row): Comparison {
  const comparison = JSON.parse(String(row['result_json'])) as Comparison;
  return { ...comparison, comparison_id: String(row['id']) };
}

/** A stored comparison by id, or the newest of the pipeline; null when there is none. */
export async function loadComparison(session: SqlSession, pipeline: string, id?: string): Promise<Comparison | null> {
  const rows =
    id === undefined
      ? await session.query(
          'SELECT CAST(id AS VARCHAR) AS id, result_json FROM cutover.comparisons WHERE id = (SELECT max(id) FROM cutover.comparisons WHERE pipeline = $1)',
          [pipeline],
        )
      : await session.query(
          'SELECT CAST(id AS VARCHAR) AS id, result_json FROM cutover.comparisons WHERE pipeline = $1 AND CAST(id AS VARCHAR) = $2',
          [pipeline, id],
        );
  return rows[0] === undefined ? null : parse(rows[0]);
}

/** Summaries, newest first. */
export async function loadHistory(session: SqlSession, pipeline: string, limit: number): Promise<ComparisonSummary[]> {
  const rows = await session.query(
    `SELECT CAST(id AS VARCHAR) AS id, verdict, cut_json, full_scope, CAST(reused_from AS VARCHAR) AS reused_from,
            CAST(extract(epoch FROM finished_at) * 1000 AS BIGINT) AS finished_ms, evidence_batch, evidence_stream, evidence_rules, keys_compared, mismatch_rate, alignment_json
     FROM cutover.comparisons WHERE pipeline = $1 ORDER BY cutover.comparisons.id DESC LIMIT $2`,
    [pipeline, limit],
  );
  return rows.map((row) => ({
    comparison_id: String(row['id']),
    verdict: verdictOf(String(row['verdict'])),
    cut: JSON.parse(String(row['cut_json'])) as OffsetVectorJson,
    full: row['full_scope'] === true,
    reused_from: row['reused_from'] === null || row['reused_from'] === undefined ? null : String(row['reused_from']),
    finished_at: new Date(Number(row['finished_ms'])).toISOString(),
    evidence: {
      batch: String(row['evidence_batch']),
      stream: String(row['evidence_stream']),
      rules: String(row['evidence_rules']),
    },
    ...(typeof row['alignment_json'] === 'string'
      ? { alignment: JSON.parse(row['alignment_json']) as ComparisonAlignment }
      : {}),
    keys_compared: Number(row['keys_compared']),
    mismatch_rate: Number(row['mismatch_rate']),
  }));
}
