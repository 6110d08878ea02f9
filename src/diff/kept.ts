import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { KeptBuckets, KeptFindings, KeptPair, KeptSide } from '../store/contract/kept.js';
import { columnsOf, type ColumnsInput, type DiffColumns } from './columns.js';
import type { KeptInput, KeptOutcome } from './input.js';
import { haveBlocks, shiftFor } from './key-blocks.js';
import { SideExpressions } from './side-expressions.js';

/** More differing buckets than this are too many to list in a statement. */
const MOST_LISTED = 50_000;

/** Share of differing buckets from which on reading all rows is quicker than looking up those of the buckets. */
const LOOKED_UP_BELOW = 0.05;

export interface KeptUse {
  readonly outcome: KeptOutcome;
  readonly notes: readonly string[];
  /** Null: unusable. */
  readonly findings: (KeptFindings & KeptBuckets) | null;
}

/** The two tables of a comparison as their digests are kept. */
export function keptPair(
  dialect: SqlDialect,
  columns: DiffColumns,
  name: string,
  relations: { readonly batch: string; readonly stream: string },
): KeptPair {
  const rows = new SideExpressions(dialect, columns);
  const plain = new SideExpressions(dialect, columns, () => '');
  const sideOf = (side: 'batch' | 'stream', how: KeptBuckets): KeptSide => ({
    side,
    relation: relations[side],
    columns: [...columns.key, ...columns.compared].map((column) => column[side].name),
    ...rows.digested(side, how),
    indexed: plain.digested(side, how).bucket,
  });
  const [key, ...more] = columns.key;
  const whole = key !== undefined && more.length === 0 && haveBlocks(key.batch, key.stream);
  return {
    name,
    whole: whole ? { batch: key.batch, stream: key.stream, shiftFor } : null,
    sides: (how) => [sideOf('batch', how), sideOf('stream', how)],
  };
}

/** The pair of a comparison, for whoever installs its digests. Errors: those of `columnsOf`. */
export async function keptPairOf(
  session: SqlSession,
  dialect: SqlDialect,
  name: string,
  input: ColumnsInput,
): Promise<KeptPair> {
  const columns = await columnsOf(session, dialect, input);
  return keptPair(dialect, columns, name, input);
}

/**
 * What the kept digests say of both tables, in the comparison's transaction. When a check is due all rows are read.
 * Errors: DIGESTS_DISAGREE where they say other than the rows: then nothing that was found by them is to be trusted.
 */
export async function useKept(session: SqlSession, kept: KeptInput, pair: KeptPair): Promise<KeptUse> {
  const record = await kept.digests.find(session, kept.name);
  if (record === null)
    return unusable('digests are not kept yet, all rows were compared: they are built after this comparison', true);
  const why = await kept.digests.unusable(session, record, pair);
  if (why !== null) {
    // Somebody is to look at it first.
    const anew = record.state !== 'disagreed' || kept.check;
    const then = anew
      ? 'they are built anew after this comparison'
      : `${kept.anew ?? '`cutover compare`'} builds them anew`;
    return unusable(`kept digests were not used, all rows were compared: ${why}; ${then}`, anew);
  }
  const due = kept.check || kept.now.getTime() - record.checkedAt.getTime() >= kept.fullEvery;
  if (due) {
    const wrong = await kept.digests.check(session, record, pair);
    if (wrong !== null) throw disagreement(wrong);
  }
  const findings = await kept.digests.read(session, record, Math.min(MOST_LISTED, LOOKED_UP_BELOW * record.buckets));
  const notes = record.indexed
    ? []
    : [
        'kept digests: the server takes no index on the hash of this key, so that all rows are read when a bucket differs',
      ];
  return {
    outcome: { how: due ? 'checked' : 'used', outdated: outgrown(findings, record.buckets) },
    notes: due ? [...notes, 'kept digests were held against all rows of both tables: they agree'] : notes,
    findings: { ...findings, buckets: record.buckets, shift: record.shift },
  };
}

/** Tables that grew much have too many rows in each bucket. */
function outgrown({ batch, stream }: KeptFindings, buckets: number): boolean {
  return Math.max(batch.rows, stream.rows) > 16 * buckets;
}

function unusable(note: string, outdated: boolean): KeptUse {
  return { outcome: { how: 'unusable', outdated }, notes: [note], findings: null };
}

/** The counts of a comparison do not add up, or a check failed: the digests say other than the rows. */
export function disagreement(what: string): CutoverError {
  return new CutoverError(
    'DIGESTS_DISAGREE',
    `kept digests disagree with the rows: ${what}`,
    'Comparisons since the last full check may have missed differences. From now on rows are compared in full; find out what wrote past the triggers (docs/incremental.md), then run `cutover compare` for the pipeline, which builds them anew.',
  );
}
