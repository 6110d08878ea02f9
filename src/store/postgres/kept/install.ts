import { readFile } from 'node:fs/promises';
import { CutoverError, messageOf } from '../../../model/errors.js';
import type { SqlSession } from '../../contract.js';
import type { KeptBuckets, KeptPair, KeptSide } from '../../contract/kept.js';
import { migrationsFolder } from '../../migrations-folder.js';
import { keyRanges } from '../key-ranges.js';
import { literal, lockKey, quote } from '../names.js';
import { buildBuckets } from './digests.js';
import { bucketsTable, deltasTable, followFunction, indexName } from './names.js';
import { shapesOf, type Shape, type StoredShape } from './shape.js';
import { followStatement, triggerStatements } from './triggers.js';

/** A comparison reads the rows of the buckets that differ: one row in each, or half of one, for the number is a power of two. Buckets that do not differ cost nothing. */
const ROWS_PER_BUCKET = 1;
const FEWEST = 1024;
const MOST = 2 ** 30;

/** How many buckets so many rows need. */
export function bucketsFor(rows: number): number {
  return Math.min(MOST, Math.max(FEWEST, 2 ** Math.ceil(Math.log2(Math.max(1, rows / ROWS_PER_BUCKET)))));
}

/** How the rows of both tables fall into buckets from now on. Errors: DIGESTS_UNSUPPORTED. */
async function bucketsOf(session: SqlSession, pair: KeptPair): Promise<KeptBuckets> {
  let rows = 0;
  let larger: KeptSide['side'] = 'batch';
  const relations = { batch: '', stream: '' };
  const { shapes } = await shapesOf(session, 0, pair.sides({ buckets: FEWEST, shift: null }));
  for (const { side, found } of shapes) {
    if (found.obstacle !== null) throw unsupported(found.obstacle);
    const [row] = await session.query(`SELECT count(*) AS n FROM ${side.relation}`);
    relations[side.side] = side.relation;
    if (Number(row?.['n']) > rows) larger = side.side;
    rows = Math.max(rows, Number(row?.['n']));
  }
  const buckets = bucketsFor(rows);
  if (pair.whole === null) return { buckets, shift: null };
  // What is known of its values may be old, or nothing.
  await session.run(`ANALYZE ${relations[larger]}`);
  const spread = await keyRanges.spread(session, relations[larger], pair.whole[larger]);
  // Under one row: what is known of the values is a sample, and blocks of two for some that seem to be missing would have twice the rows read.
  const inBucket = Math.max(0.75 * ROWS_PER_BUCKET, rows / buckets);
  // Where rows do not lie in the order of the key, those of a block are no nearer to each other than others.
  return { buckets, shift: spread?.led === true ? pair.whole.shiftFor(spread, inBucket) : null };
}

async function keptTableIsThere(session: SqlSession): Promise<boolean> {
  const [row] = await session.query(`SELECT to_regclass('cutover.kept') IS NOT NULL AS present`);
  return row?.['present'] === true;
}

/** One process at a time; null: another one is at it. Tried for and not waited for, because making an index waits for everybody who waits. */
async function alone<T>(session: SqlSession, name: string, work: () => Promise<T>): Promise<T | null> {
  const key = lockKey(`kept ${name}`);
  const [row] = await session.query(`SELECT pg_try_advisory_lock(${key}) AS got`);
  if (row?.['got'] !== true) return null;
  try {
    return await work();
  } finally {
    await session.query(`SELECT pg_advisory_unlock(${key})`).catch(() => undefined);
  }
}

export async function installKept(session: SqlSession, pair: KeptPair, at: Date): Promise<void> {
  if (!(await keptTableIsThere(session))) {
    // A database that is no store: any two tables can be compared.
    // IF NOT EXISTS asks for the right to make one even where it is there.
    const [row] = await session.query(`SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'cutover') AS there`);
    if (row?.['there'] !== true) await session.run('CREATE SCHEMA IF NOT EXISTS cutover');
    await session.script(await readFile(new URL('0005_kept.sql', migrationsFolder('postgres')), 'utf8'));
  }
  await alone(session, pair.name, async () => {
    await remove(session, pair.name);
    const how = await bucketsOf(session, pair);
    const [made] = await session.query(
      `INSERT INTO cutover.kept (name, buckets, state, reason, indexed, shape, built_at, checked_at)
       VALUES ($1, $2, 'building', 'they are being built', false, '', CAST($3 AS TIMESTAMPTZ), CAST($3 AS TIMESTAMPTZ)) RETURNING id`,
      [pair.name, how.buckets, at.toISOString()],
    );
    const id = Number(made?.['id']);
    try {
      await follow(session, id, pair, how);
      await build(session, id, pair, how);
    } catch (error) {
      await remove(session, pair.name).catch(() => undefined);
      throw error;
    }
  });
}

/** From its end on every change of both tables is in the deltas: CREATE TRIGGER waits for the writers that are under way. */
async function follow(session: SqlSession, id: number, pair: KeptPair, how: KeptBuckets): Promise<void> {
  await session.script(
    `CREATE TABLE ${bucketsTable(id)} (bucket INTEGER PRIMARY KEY, n BIGINT NOT NULL, h NUMERIC NOT NULL);
     CREATE TABLE ${deltasTable(id)} (stream BOOLEAN NOT NULL, bucket INTEGER NOT NULL, n BIGINT NOT NULL, h NUMERIC NOT NULL)`,
  );
  let indexed = true;
  for (const side of pair.sides(how)) {
    indexed = (await makeIndex(session, id, side)) && indexed;
    await session.transaction(async () => {
      // Nobody may change its columns between their reading and the trigger.
      await session.run(`LOCK TABLE ${side.relation} IN SHARE ROW EXCLUSIVE MODE`);
      const { shapes } = await shapesOf(session, id, [side]);
      for (const { found } of shapes) await session.run(followStatement(id, side, found.shape.columns));
      for (const statement of triggerStatements(id, side)) await session.run(statement);
    }, 'current');
  }
  await session.run('UPDATE cutover.kept SET indexed = $1 WHERE id = $2', [indexed, id]);
}

/** False: the server takes no index on the bucket, because the text of the key depends on settings. The digests are as right without. */
async function makeIndex(session: SqlSession, id: number, side: KeptSide): Promise<boolean> {
  try {
    await session.run(`CREATE INDEX CONCURRENTLY ${indexName(id, side.side)} ON ${side.relation} ((${side.indexed}))`);
  } catch (error) {
    if (/must be marked IMMUTABLE/.test(messageOf(error))) return false;
    throw error;
  }
  // The planner knows nothing of the expression's values before.
  await session.run(`ANALYZE ${side.relation}`);
  return true;
}

async function build(session: SqlSession, id: number, pair: KeptPair, how: KeptBuckets): Promise<void> {
  await session.transaction(async () => {
    const [batch, stream] = pair.sides(how);
    await session.run(`LOCK TABLE ${batch.relation}, ${stream.relation} IN ACCESS SHARE MODE`);
    const built: { batch?: Shape; stream?: Shape } = {};
    const { shapes } = await shapesOf(session, id, [batch, stream]);
    for (const { side, found } of shapes) {
      if (found.obstacle !== null) throw unsupported(found.obstacle);
      built[side.side] = found.shape;
    }
    await buildBuckets(session, id, how, pair);
    await session.run(`UPDATE cutover.kept SET state = 'ready', reason = '', shape = $1 WHERE id = $2`, [
      JSON.stringify({ ...built, shift: how.shift } satisfies StoredShape),
      id,
    ]);
  });
  await session.run(`ANALYZE ${bucketsTable(id)}`);
}

function unsupported(obstacle: string): CutoverError {
  return new CutoverError(
    'DIGESTS_UNSUPPORTED',
    `digests cannot be kept of ${obstacle}`,
    'Compare this pair in full: take `incremental` out of its rules.',
  );
}

export async function dropKept(session: SqlSession, name: string): Promise<boolean> {
  if (!(await keptTableIsThere(session))) return false;
  return (await alone(session, name, () => remove(session, name))) ?? false;
}

/** Also what is left of an installation that was broken off. */
async function remove(session: SqlSession, name: string): Promise<boolean> {
  const [row] = await session.query('SELECT id FROM cutover.kept WHERE name = $1', [name]);
  if (row === undefined) return false;
  const id = Number(row['id']);
  for (const side of ['batch', 'stream'] as const) {
    // With its triggers, wherever their table is by now.
    await session.run(`DROP FUNCTION IF EXISTS ${followFunction(id, side)}() CASCADE`);
    const [index] = await session.query(
      `SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i' AND c.relname = ${literal(indexName(id, side))}`,
    );
    if (index !== undefined)
      await session.run(`DROP INDEX IF EXISTS ${quote(String(index['schema']))}.${quote(indexName(id, side))}`);
  }
  await session.run(`DROP TABLE IF EXISTS ${deltasTable(id)}, ${bucketsTable(id)}`);
  await session.run('DELETE FROM cutover.kept WHERE id = $1', [id]);
  return true;
}
