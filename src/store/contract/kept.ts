import type { Column } from '../../model/column.js';
import type { KeySpread } from './key-spread.js';
import type { SqlSession } from './session.js';

/** A side of a comparison as its digests are kept: its name stands for a row in the expressions. */
export interface KeptSide {
  readonly side: 'batch' | 'stream';
  /** A quoted, qualified table name. */
  readonly relation: string;
  /** The columns that the expressions read. */
  readonly columns: readonly string[];
  readonly bucket: string;
  /** The bucket as an index has it, with plain column names. */
  readonly indexed: string;
  readonly hash: string;
  /** Whether the key holds a NULL. */
  readonly nullKey: string;
}

/** How rows fall into buckets. */
export interface KeptBuckets {
  /** A power of two. */
  readonly buckets: number;
  /** Of a key of one whole number: by blocks of `2 ** shift` successive numbers, whose rows mostly lie beside each other in the table; null: by the key's hash. */
  readonly shift: number | null;
}

/** Two tables whose digests are kept for one comparison: the hash of a row depends on what it is compared with, and by which rules. */
export interface KeptPair {
  /** Of the comparison; no two of a store have the same. */
  readonly name: string;
  /** The key, where it is one whole number on both sides; null: it is not. */
  readonly whole: {
    readonly batch: Column;
    readonly stream: Column;
    /** Blocks that hold about `rows` rows; null where they would be too uneven. */
    shiftFor(spread: KeySpread, rows: number): number | null;
  } | null;
  sides(how: KeptBuckets): readonly [KeptSide, KeptSide];
}

/** What is known of the digests of a comparison. */
export interface KeptRecord extends KeptBuckets {
  readonly id: number;
  readonly name: string;
  /** `disagreed`: a full check found them wrong; nothing is read from them until they are built anew. */
  readonly state: 'building' | 'ready' | 'disagreed';
  /** Why they are not ready. */
  readonly reason: string;
  /** When all rows were last read for them. */
  readonly checkedAt: Date;
  /** Rows of a bucket are found by an index; false: the server takes no index on the key's hash. */
  readonly indexed: boolean;
  /** What they relied on when they were built; the store reads it. */
  readonly shape: string;
}

export interface KeptRows {
  readonly rows: number;
  /** Of them with a NULL in their key. */
  readonly nulls: number;
}

/** What the kept digests say in the snapshot of the transaction. */
export interface KeptFindings {
  /** The buckets in which the sides differ; null: more than were asked for. */
  readonly differing: readonly number[] | null;
  readonly batch: KeptRows;
  readonly stream: KeptRows;
}

/**
 * Digests that the store itself keeps up to date: with every change of a row, in its transaction. What is read of them in a snapshot is what digesting
 * the rows of that snapshot would give.
 */
export interface KeptDigests {
  find(session: SqlSession, name: string): Promise<KeptRecord | null>;
  /**
   * Outside a transaction: follows both tables from now on and digests what they hold, in the place of former digests of that name. Writers wait for a
   * moment, not for the digesting. Does nothing while another process does it. Errors: DIGESTS_UNSUPPORTED, STORE_RIGHTS.
   */
  install(session: SqlSession, pair: KeptPair, at: Date): Promise<void>;
  /** Outside a transaction: follows the tables no longer. False: there was nothing. */
  drop(session: SqlSession, name: string): Promise<boolean>;
  /** In the transaction of a comparison, before its tables are read: holds their shape, and says why the digests do not stand for them; null: they do. */
  unusable(session: SqlSession, record: KeptRecord, pair: KeptPair): Promise<string | null>;
  /** @param most so many buckets are listed at the most */
  read(session: SqlSession, record: KeptRecord, most: number): Promise<KeptFindings>;
  /** Digests all rows and holds the digests against them; says where they disagree, null: nowhere. */
  check(session: SqlSession, record: KeptRecord, pair: KeptPair): Promise<string | null>;
  /** Outside a transaction: adds up what was written since. Writers do not wait. */
  compact(session: SqlSession, record: KeptRecord): Promise<void>;
  /** Outside a transaction: stores the time of a check, or that it failed. */
  save(session: SqlSession, record: KeptRecord, change: { checkedAt: Date } | { disagreed: string }): Promise<void>;
}
