import type { PreparedSides, SideName } from './across-sides.js';
import { digestedSide, hashKindOf } from './across-sides.js';
import { together } from './together.js';
import { isLookedUp } from './across-blocks.js';
import { digestOf, type BucketDigest } from '../diff/digest.js';
import { ExchangeStatements, judgeDigests, type Exchanged } from '../diff/exchange.js';
import type { WholeRange } from '../diff/key-blocks.js';
import { UNRESTRICTED_FROM } from '../diff/plan.js';
import type { TransferPlan } from '../diff/transfer-plan.js';
import type { Row } from '../model/cell.js';

type Statements = Record<SideName, ExchangeStatements>;
type Digests = Record<SideName, ReadonlyMap<number, BucketDigest>>;

/** Digests of both sides, held against each other. */
export interface ExchangedDigests {
  /** With as many buckets as were digested: 1 where all rows were equal. */
  readonly plan: TransferPlan;
  readonly statements: Statements;
  readonly exchanged: Exchanged;
  readonly digests: Digests;
}

/**
 * A plan that exchanges digests, with one of all rows before those of buckets where that pays: groups take a third of the time of a digest by ranges of the key, and two
 * thirds by hashes of it, and say nothing where all rows agree. Where no side is unique, an equal digest leaves the question of duplicate keys; a hash of texts costs so
 * much more than groups that it is computed once.
 *
 * @param part the tables are parts of others: where parts before differed, these will too
 */
export function withWholeFirst(plan: TransferPlan, sides: PreparedSides, part: boolean): TransferPlan {
  if (plan.place !== 'digests_exchanged' || !isUnique(sides) || part || hashKindOf(sides) === 'text') return plan;
  return { ...plan, wholeFirst: true, reason: `${plan.reason}; all rows are digested as one first` };
}

/** Where a side is, rows that are equal on both have no key twice. */
function isUnique({ batch, stream }: PreparedSides): boolean {
  return batch.side.unique || stream.side.unique;
}

/** Digests of both sides, each computed by its own store: of buckets, unless `plan.wholeFirst` and a digest of all rows is equal. */
export async function exchangeDigests(sides: PreparedSides, plan: TransferPlan): Promise<ExchangedDigests> {
  const hash = hashKindOf(sides);
  const statementsOf = (name: SideName): ExchangeStatements =>
    new ExchangeStatements(digestedSide(sides, name, hash), hash, plan.buckets, plan.blocks);
  const statements = { batch: statementsOf('batch'), stream: statementsOf('stream') };
  const differ = plan.wholeFirst !== true || (await differAtOnce(sides, statements, plan));
  const rows = differ ? null : await rowsWhereEqual(sides, statements);
  if (rows === null) return { plan, statements, ...(await inBuckets(sides, statements, plan.buckets)) };
  return {
    plan: { ...plan, buckets: 1 },
    statements,
    exchanged: { differing: [], nullKeys: 0, equal: new Map([[0, rows]]) },
    digests: { batch: new Map(), stream: new Map() },
  };
}

/** Whether a few ranges of the key hold rows that differ; asked only where an index leads to them on both sides. */
async function differAtOnce(sides: PreparedSides, statements: Statements, { blocks }: TransferPlan): Promise<boolean> {
  if (blocks?.led.batch !== true || !blocks.led.stream || blocks.probe.length === 0) return false;
  for (const name of ['batch', 'stream'] as const)
    if (!(await isLookedUp(sides[name].side.session, statements[name].rowsOf(blocks.probe)))) return false;
  return (await rowsWhereEqual(sides, statements, blocks.probe)) === null;
}

/** How many rows each side has, of these ranges of the key or of all; null where they differ, or a key holds a NULL. */
async function rowsWhereEqual(
  sides: PreparedSides,
  statements: Statements,
  ranges?: readonly WholeRange[],
): Promise<number | null> {
  const digest = async (name: SideName): Promise<Row> => {
    const [row] = await sides[name].side.session.query(statements[name].whole(ranges));
    return row ?? {};
  };
  const [batch, stream] = await together(digest('batch'), digest('stream'));
  const [one, other] = [digestOf(batch), digestOf(stream)];
  const nulls = Number(batch['nulls']) + Number(stream['nulls']);
  return nulls === 0 && one.rows === other.rows && one.sum === other.sum ? one.rows : null;
}

async function inBuckets(
  sides: PreparedSides,
  statements: Statements,
  buckets: number,
): Promise<Pick<ExchangedDigests, 'exchanged' | 'digests'>> {
  const digest = async (name: SideName): Promise<ReadonlyMap<number, BucketDigest>> => {
    const rows = await sides[name].side.session.query(statements[name].digest());
    return new Map(rows.map((row) => [Number(row['bucket']), digestOf(row)]));
  };
  const [batch, stream] = await together(digest('batch'), digest('stream'));
  const digests = { batch, stream };
  const exchanged = judgeDigests(batch, stream);
  if (isUnique(sides)) return { exchanged, digests };
  if (exchanged.differing.length > UNRESTRICTED_FROM * buckets) return { exchanged, digests };
  // In a bucket that is equal a key may stand twice on both sides; where the rows are equal, looking at one side is enough.
  const name = sides.stream.sent === null ? 'stream' : 'batch';
  const rows = await sides[name].side.session.query(statements[name].duplicates());
  const differing = new Set([...exchanged.differing, ...rows.map((row) => Number(row['bucket']))]);
  const all: Exchanged = {
    ...exchanged,
    differing: [...differing].sort((a, b) => a - b),
    equal: new Map([...exchanged.equal].filter(([bucket]) => !differing.has(bucket))),
  };
  return { exchanged: all, digests };
}
