import type { DiffPlan } from './comparison.js';
import type { DiffAlignment, DiffReport } from './diff-report.js';

/** Rows of a side. */
export interface PlannedRows {
  readonly count: number;
  /** False: what the server expects. */
  readonly exact: boolean;
}

/** `cutover diff --explain-plan`: how two tables would be compared, and why. Nothing was compared. `cutover.plan/v1`. */
export interface PlanReport {
  readonly schema: 'cutover.plan/v1';
  /** Without passwords. */
  readonly sides: { readonly batch: string; readonly stream: string };
  readonly rows: { readonly batch: PlannedRows; readonly stream: PlannedRows };
  /** About so many, where all rows are sent. */
  readonly bytes_to_send: number;
  readonly network: 'local' | 'remote';
  readonly place: DiffReport['plan']['place'];
  readonly place_reason: string;
  /** How the differing rows would be found, there. */
  readonly strategy: DiffPlan['strategy'];
  readonly reason: string;
  /** Of digests. */
  readonly buckets: number | null;
  readonly alignment: Pick<DiffAlignment, 'method' | 'exact'>;
  readonly key: readonly string[];
  /** Compared, besides the key. */
  readonly columns: readonly string[];
  readonly lossy: readonly string[];
  readonly notes: readonly string[];
}
