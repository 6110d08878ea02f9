import { CutoverError } from '../../model/errors.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { SqlDialect, SqlSession } from '../contract.js';
import { widens, widensInPlace } from './widening.js';

/** The columns that cutover adds to every event, after the log's own. */
export const EVENT_METADATA: readonly DeclaredColumn[] = [
  { name: '_partition', type: 'integer' },
  { name: '_offset', type: 'bigint' },
  { name: '_event_time', type: 'timestamptz' },
  { name: '_ingested_at', type: 'timestamptz' },
];

/**
 * Creates the landing, or checks that it has the log's columns. Columns whose type was declared wider since (an integer as bigint, a decimal with more
 * digits; see `widens`) are widened: what has landed stays what it is. Errors: LOG_SCHEMA_MISMATCH.
 */
export async function ensureLanding(
  session: SqlSession,
  dialect: SqlDialect,
  columns: readonly DeclaredColumn[],
): Promise<void> {
  const wanted = [...columns, ...EVENT_METADATA].map(
    ({ name, type }) => `${dialect.quote(name)} ${dialect.columnType(type)}`,
  );
  const signature = wanted.join(', ');
  const [row] = await session.query(`SELECT value FROM cutover.meta WHERE name = 'landing'`);
  if (row === undefined) {
    await session.run(`CREATE TABLE cutover.landing (${signature})`);
    for (const statement of dialect.landingIndexes) await session.run(statement);
    await session.run(`INSERT INTO cutover.meta VALUES ('landing', $1)`, [signature]);
  } else if (row['value'] !== signature) {
    const former = String(row['value']).split(BETWEEN);
    const wider = wanted.filter((column, i) => column !== former[i]);
    if (former.length === wanted.length && wanted.every((column, i) => fits(former[i] ?? '', column, dialect))) {
      for (const column of wider) {
        const [name, type] = apart(column);
        await session.run(`ALTER TABLE cutover.landing ALTER COLUMN ${name} TYPE ${type}`);
      }
      await session.run(`UPDATE cutover.meta SET value = $1 WHERE name = 'landing'`, [signature]);
      return;
    }
    throw new CutoverError(
      'LOG_SCHEMA_MISMATCH',
      `the log has other columns than the landing was made with: ${changeOf(former, wanted)}`,
      'Restore the former log.schema, or start with a new store. Where none is declared, the columns are those of the files: declare it, and rows that do not fit go to quarantine.',
    );
  }
}

/** Between two columns of a signature; types hold commas too. */
const BETWEEN = /, (?=")/;

/** A column of a signature: its quoted name and its type. */
function apart(column: string): readonly [name: string, type: string] {
  const at = column.lastIndexOf('" ') + 1;
  return [column.slice(0, at), column.slice(at + 1)];
}

function fits(former: string, wanted: string, { kind }: SqlDialect): boolean {
  if (former === wanted) return true;
  const [[name, type], [wantedName, wantedType]] = [apart(former), apart(wanted)];
  return name === wantedName && (kind === 'postgres' ? widensInPlace : widens)(type, wantedType);
}

function changeOf(former: readonly string[], wanted: readonly string[]): string {
  const gone = former.filter((column) => !wanted.includes(column));
  const added = wanted.filter((column) => !former.includes(column));
  if (gone.length === 0 && added.length === 0) return 'their order changed';
  const parts = [
    ...(gone.length === 0 ? [] : [`it had ${gone.join(', ')}`]),
    ...(added.length === 0 ? [] : [`now there is ${added.join(', ')}`]),
  ];
  return parts.join('; ');
}

/** Why the newest events in quarantine are there, one line each. */
export async function newestQuarantined(session: SqlSession, limit: number): Promise<string[]> {
  const rows = await session.query(
    `SELECT o.name AS name, q."offset" AS at, q.reason AS reason FROM cutover.quarantine q JOIN cutover.offsets o ON o.partition = q.partition
     ORDER BY q.quarantined_at DESC, q.partition, q."offset" LIMIT ${limit}`,
  );
  return rows.map(
    (row) => `in quarantine: ${String(row['name'])}, offset ${String(row['at'])}: ${String(row['reason'])}`,
  );
}

/** Number of events that were quarantined so far, as seen by the session's snapshot. */
export async function countQuarantined(session: SqlSession): Promise<number> {
  const [row] = await session.query('SELECT count(*) AS n FROM cutover.quarantine');
  return Number(row?.['n'] ?? 0);
}
