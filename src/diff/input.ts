import type { ColumnCounts, Discrepancy, DiffCounts, DiffPlan } from '../model/comparison.js';
import type { DiffProfile } from '../model/diff-report.js';
import type { Progress } from '../model/ports.js';
import type { CompareConfig } from '../model/project.js';
import type { KeptDigests } from '../store/contract/kept.js';
import type { SqlSession } from '../store/contract.js';
import type { DiffStrategy } from './plan.js';
import type { AskSide } from './profile-base.js';

/** Digests that a comparison may use in the place of reading all rows. */
export interface KeptInput {
  readonly digests: KeptDigests;
  /** That of the comparison. */
  readonly name: string;
  readonly now: Date;
  /** Milliseconds after which all rows are read again, and the digests held against them. */
  readonly fullEvery: number;
  /** Reads all rows now, and has digests built anew that were found wrong. */
  readonly check: boolean;
  /** What has digests built anew that were found wrong, for people; default: `cutover compare`. */
  readonly anew?: string;
}

/** What became of the kept digests, and what the caller is to do when the comparison's transaction has ended. */
export interface KeptOutcome {
  /** `used`: no more was read than differed. `checked`: all rows were read and agree with them. `unusable`: compared as if there were none. */
  readonly how: 'used' | 'checked' | 'unusable';
  /** They do not stand for the tables as they are now, or not well: `KeptDigests.install` makes them anew. */
  readonly outdated: boolean;
}

export interface ProfileInput {
  readonly sums: boolean;
  /** The rows that shares are of, as relation SQL of the same columns; default: those that are compared. null: no shares, and no pass over the sides. */
  readonly among?: { readonly batch: string; readonly stream: string } | null;
  /** Asks a side itself, where not all of its rows are in what is compared. */
  readonly ask?: AskSide;
}

export interface DiffInput {
  /** Relation SQL of the batch side: a quoted, qualified table name or a parenthesised query. */
  readonly batch: string;
  readonly stream: string;
  readonly key: readonly string[];
  readonly rules: CompareConfig;
  /** YYYY-MM-DD; rules that ended before it no longer hold. */
  readonly today: string;
  /** True where a PRIMARY KEY on exactly the key keeps out duplicates and NULL keys. */
  readonly unique: { readonly batch: boolean; readonly stream: boolean };
  /** A SQL predicate over the columns of a side, applied to both. */
  readonly filter?: string;
  /** A SQL predicate over the columns of each side: a part of the keys, the same on both. */
  readonly part?: { readonly batch: string; readonly stream: string };
  /** Discrepancies listed in the outcome; the counts are never capped. */
  readonly limit: number;
  /** What the last comparison found: the planner's best guess of what differs now. */
  readonly previous?: { readonly differing: number; readonly keys: number } | undefined;
  /** Digests that are kept of both sides; without a filter only. */
  readonly kept?: KeptInput;
  /** Leaves the planner no choice. */
  readonly strategy?: DiffStrategy;
  /** Stops soon after so many keys were found to differ; the counts of differences are then lower bounds. */
  readonly stopAfter?: number | undefined;
  /** Share of the keys (0 to 1) that are compared, chosen by a hash of the key; rows with a NULL in their key are always looked at. */
  readonly sample?: number | undefined;
  readonly progress?: Progress;
  /** Further sessions that see the same two tables, for work that one statement would do with one processor. */
  readonly readers?: readonly SqlSession[];
  /** Writes nothing, not even a temporary table: for a read-only transaction. Where keys are duplicate, they are looked for once more for each use of them. */
  readonly readOnly?: boolean;
  /**
   * Says what the differences have in common, which takes one more pass over each side where there are any; with `sums` of every column of numbers, also where
   * there are none.
   */
  readonly profile?: ProfileInput;
  /** Called for every discrepancy, listed or not, in any order. Must not use the session. */
  readonly onDiscrepancy?: (discrepancy: Discrepancy) => void;
}

export type DiffOutcome = DiffCounts & {
  readonly columns: Record<string, ColumnCounts>;
  /** The first `limit`, by key. */
  readonly discrepancies: Discrepancy[];
  readonly lossy: string[];
  readonly notes: string[];
  readonly plan: DiffPlan;
  readonly columns_compared: string[];
  /** `stopAfter` ended it: counts of differences are lower bounds, `matched` holds what was seen to agree. */
  readonly stopped_early: boolean;
  /** Only where it was asked for. */
  readonly profile?: DiffProfile;
  /** Where digests are kept: what became of them. */
  readonly kept?: KeptOutcome;
};
