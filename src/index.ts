/** The library: what a service that reads through the canary, a program that reads a configuration, one that compares two tables, and one that asks for advice need. */
export { compareTables } from './app/compare-tables.js';
export type { CompareTablesOptions, DiffOptions } from './app/diff-options.js';
export type { DiffAlignment, DiffProfile, DiffReport, Sampled } from './model/diff-report.js';
export { advise } from './advisor/advise.js';
export { costDifference, latencyValue, payback, revenueAtLimit } from './advisor/break-even.js';
export type { Difference } from './advisor/break-even.js';
export { costOf, volumeFactor } from './advisor/costs.js';
export type { CostInput } from './advisor/costs.js';
export { MULTIPLIERS, RATES } from './advisor/defaults.js';
export { decisionMatrix } from './advisor/matrix.js';
export type { FactorFacts } from './advisor/factors.js';
export { analyseRequirement } from './advisor/requirement.js';
export { overTime, sensitivity } from './advisor/sensitivity.js';
export { isFaster, rankOf, tierOf } from './advisor/tiers.js';
export { APPROACHES, TIERS } from './model/advice-request.js';
export type {
  AdviceRequest,
  Approach,
  Direction,
  Factor,
  Multipliers,
  OwnFigures,
  Rates,
  Tier,
  UseCase,
} from './model/advice-request.js';
export type { Advice, ApproachCost, BreakEven, Matrix, Measured, Payback, Requirement } from './model/advice.js';
export { createRouter } from './canary/router.js';
export type { RoutedRead, Router, RouterCounters, RouterKey, RouterOptions } from './canary/router.js';
export { canaryBucket } from './canary/bucket.js';
export { defineReducer } from './model/reducer.js';
export type { Reducer } from './model/reducer.js';
export { loadProject } from './config/load.js';
export { canonicalKey } from './model/key.js';
export { CutoverError } from './model/errors.js';
export type { ErrorPlace } from './model/errors.js';
export type { ErrorCode } from './model/error-codes.js';
export { exitCodeOf } from './model/verdict.js';
export type { Verdict } from './model/verdict.js';
export type { Cell, Row } from './model/cell.js';
export type { AuditEntry, CanaryAction, CanaryState, MergeState, Route, RoutingState, Stage } from './model/canary.js';
export type {
  ColumnCounts,
  Comparison,
  DiffCounts,
  DiffPlan,
  Discrepancy,
  DiscrepancyKind,
  Evidence,
  Scope,
} from './model/comparison.js';
export type { CriterionResult, GatePurpose, GateResult } from './model/gate.js';
export type { Clock, Logger, Progress } from './model/ports.js';
export type { CanaryPlan, ColumnRule, CompareConfig, GateConfig, Pipeline, Project } from './model/project.js';
export type {
  CanaryReport,
  DoctorCheck,
  DoctorResult,
  InitResult,
  RebuildResult,
  RunSummary,
} from './model/results.js';
