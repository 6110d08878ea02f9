import type { AuditEntry, RoutingState } from './canary.js';
import type { Comparison, ComparisonAlignment, Evidence } from './comparison.js';
import type { GateResult } from './gate.js';
import type { OffsetVectorJson } from './offset-vector.js';
import type { CanaryPlan } from './project.js';
import type { Verdict } from './verdict.js';
import type { ViewReport } from './view.js';

/** What the gate needs to know of a stored comparison. */
export interface ComparisonSummary {
  readonly comparison_id: string;
  readonly verdict: Verdict;
  readonly cut: OffsetVectorJson;
  /** Undefined: exact, at the cut. */
  readonly alignment?: ComparisonAlignment;
  readonly full: boolean;
  readonly reused_from: string | null;
  /** ISO 8601 */
  readonly finished_at: string;
  readonly evidence: Evidence;
  readonly keys_compared: number;
  readonly mismatch_rate: number;
}

/** `cutover run --once`: what was ingested, and the comparison of each pipeline; `cutover.run/v1`. */
export interface RunSummary {
  readonly schema: 'cutover.run/v1';
  readonly verdict: Verdict;
  readonly events: number;
  readonly micro_batches: number;
  readonly quarantined: number;
  readonly cut: OffsetVectorJson;
  readonly comparisons: readonly Comparison[];
  /** `--once`, where there are any: pipelines whose migration is complete, which are not compared any more. */
  readonly retired?: readonly string[];
  /** `--once`, where views are configured: as they stand after those that were due were refreshed. */
  readonly views?: readonly ViewReport[];
}

/** `cutover.rebuild/v1` */
export interface RebuildResult {
  readonly schema: 'cutover.rebuild/v1';
  /** Pipelines whose stream tables were built anew: the one asked for and those it reads or that read it. */
  readonly pipelines: readonly string[];
  readonly events: number;
  readonly cut: OffsetVectorJson;
  /** Milliseconds. */
  readonly took: number;
}

/** `cutover.canary/v1`: state after the action, with the gate's answer where one was asked. */
export interface CanaryReport {
  readonly schema: 'cutover.canary/v1';
  readonly pipeline: string;
  readonly action: string;
  /** False where the action was refused; `message` then says why. */
  readonly applied: boolean;
  readonly message: string;
  /** What stood in the way of a refused action; null when it was applied. */
  readonly refusal: 'stage' | 'already' | 'gate' | 'dwell' | 'approval' | 'plan' | null;
  readonly state: RoutingState;
  readonly plan: CanaryPlan;
  readonly dwell: { readonly completed: number; readonly required: number };
  readonly gate: GateResult | null;
  readonly history: readonly AuditEntry[];
}

export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy: string | null;
}

/** `cutover.doctor/v1` */
export interface DoctorResult {
  readonly schema: 'cutover.doctor/v1';
  readonly checks: readonly DoctorCheck[];
}

/** `cutover.init/v1` */
export interface InitResult {
  readonly schema: 'cutover.init/v1';
  readonly template: string;
  readonly directory: string;
  readonly files: readonly string[];
  /** Commands to run next, in order. */
  readonly next: readonly string[];
}

/** A record that does not fit the schema. */
export interface QuarantinedRecord {
  /** Name of the partition: topic/number, or the file. */
  readonly partition: string;
  readonly offset: number;
  readonly reason: string;
  /** The record as it stands in the log; null where only the reason was kept. */
  readonly raw: string | null;
  /** ISO 8601 */
  readonly quarantined_at: string;
}

/** `cutover.quarantine/v1`: what is in quarantine, after a retry where one was asked for. */
export interface QuarantineResult {
  readonly schema: 'cutover.quarantine/v1';
  readonly action: 'list' | 'retry';
  /** Records in quarantine now. */
  readonly quarantined: number;
  /** Records that were read again; 0 for a list. */
  readonly tried: number;
  /** Those of them that fit now, and became events. */
  readonly landed: number;
  /** The newest records in quarantine. */
  readonly records: readonly QuarantinedRecord[];
  readonly records_listed: number;
}
