import { isLookedUp } from './across-blocks.js';
import type { ExchangedDigests } from './across-digests.js';
import type { PreparedSide, SideName } from './across-sides.js';
import { rangesOfBuckets } from '../diff/key-blocks.js';
import { NULL_KEYS } from '../diff/look-statements.js';
import { CutoverError } from '../model/errors.js';
import type { SqlSession } from '../store/contract.js';

/** The rows of a side that are left. */
export interface Part {
  /** Relation SQL in place of the side's own. */
  readonly relation?: string;
  /** SQL conditions on it. */
  readonly where: readonly string[];
  /** So many, as the digests counted them. */
  readonly rows: number;
  /** An index was to find them, and did not: all rows of the side are read for them. */
  readonly readAgain: boolean;
}

/** Above this share of buckets one reading of the table costs less than looking each range up. */
const LOOKED_UP_TO = 0.25;

/** The rows of the buckets that differ, and those with a NULL in their key: found by an index where there is one, else by a second reading of the table. */
export async function partOf(prepared: PreparedSide, name: SideName, narrowed: ExchangedDigests): Promise<Part> {
  const { plan, statements, exchanged, digests } = narrowed;
  const countOf = (bucket: number): number => digests[name].get(bucket)?.rows ?? 0;
  const rows = [NULL_KEYS, ...exchanged.differing].reduce((sum, bucket) => sum + countOf(bucket), 0);
  if (rows === 0) return { where: ['false'], rows, readAgain: false };
  const relation = countOf(NULL_KEYS) > 0 ? null : await lookedUp(prepared, name, narrowed);
  return relation === null
    ? { where: [statements[name].within(exchanged.differing)], rows, readAgain: plan.blocks?.led[name] === true }
    : { relation, where: [], rows, readAgain: false };
}

/** A query of the rows that an index leads to; null where none does. */
async function lookedUp(
  { side: { session }, sent }: PreparedSide,
  name: SideName,
  { plan: { buckets, blocks }, statements, exchanged: { differing } }: ExchangedDigests,
): Promise<string | null> {
  if (sent === null || blocks?.led[name] !== true || differing.length > LOOKED_UP_TO * buckets) return null;
  const [ends] = await session.query(statements[name].ends());
  if (typeof ends?.['lowest'] !== 'string' || typeof ends['highest'] !== 'string') return null;
  const span = { from: BigInt(ends['lowest']), to: BigInt(ends['highest']) };
  const ranges = rangesOfBuckets(blocks, buckets, differing, span);
  if (ranges === null) return null;
  const relation = statements[name].rowsOf(ranges);
  return (await isLookedUp(session, relation)) ? relation : null;
}

/** An index that lacks rows would make two tables differ that are equal, or hide what differs. Errors: INTERNAL. */
export async function requireRows(workspace: SqlSession, table: string, expected: number): Promise<void> {
  const [row] = await workspace.query(`SELECT count(*) AS n FROM ${table}`);
  if (Number(row?.['n']) === expected) return;
  throw new CutoverError(
    'INTERNAL',
    `${expected} rows were digested, and ${String(row?.['n'])} of them were found again in the same snapshot`,
    'Have the server check the index of the key (amcheck), and please report it if it is whole.',
  );
}
