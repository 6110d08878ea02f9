export type Stage = 'shadow' | 'canary' | 'cutover' | 'complete' | 'held' | 'rolled_back';

export const STAGES: readonly Stage[] = ['shadow', 'canary', 'cutover', 'complete', 'held', 'rolled_back'];

export type CanaryAction = 'start' | 'advance' | 'hold' | 'resume' | 'rollback' | 'approve' | 'complete';

/** One row per pipeline. Every change raises `version` by one and writes one audit row in the same transaction. */
export interface CanaryState {
  readonly pipeline: string;
  readonly version: number;
  readonly stage: Stage;
  /** Index into the plan's steps; -1 outside `canary`, `cutover`, `held` and `complete`. */
  readonly step: number;
  /** Parts per million of keys that read the stream. */
  readonly share_ppm: number;
  /** Hash of the plan this canary was started with; null in `shadow`. */
  readonly plan_hash: string | null;
  readonly salt: string;
  /** Steps (percent) that were approved, and by whom. */
  readonly approvals: readonly { readonly step: number; readonly by: string; readonly at: string }[];
  /** The stage that `resume` returns to; null unless held. */
  readonly held_from: 'canary' | 'cutover' | null;
  /** Id of the newest comparison when this step was entered: dwell counts completed cycles after it. */
  readonly entered_comparison: string | null;
  readonly entered_at: string;
  readonly reason: string | null;
}

export interface AuditEntry {
  readonly pipeline: string;
  readonly version: number;
  readonly at: string;
  /** Who acted: a user name, or `cutover run`. */
  readonly actor: string;
  readonly action: CanaryAction;
  readonly from_stage: Stage;
  readonly to_stage: Stage;
  readonly from_share_ppm: number;
  readonly to_share_ppm: number;
  readonly reason: string | null;
  readonly comparison_id: string | null;
}

/** Which windows are read from the stream where the served view merges. */
export interface MergeState {
  /** Which part of the key is the window, from 0. */
  readonly part: number;
  /** Canonical texts of the windows that events touched since the batch side's cut; null: all, because they are not known one by one. */
  readonly open: readonly string[] | null;
}

/** What decides a key's side. */
export type RoutingState = CanaryState & { readonly merge?: MergeState };

/** Which side a key reads, and why. */
export interface Route {
  readonly pipeline: string;
  readonly key: readonly string[] | null;
  readonly side: 'batch' | 'stream';
  /** 0 .. 999999; null when there is no key. */
  readonly bucket: number | null;
  readonly share_ppm: number;
  readonly stage: Stage;
  /** Where the served view merges: the key's window, and whether events touched it since the batch side's cut. */
  readonly window?: { readonly value: string; readonly open: boolean };
  readonly reason: string;
}
