import type { CanaryReport, DoctorResult, QuarantineResult, RunSummary } from '../model/results.js';
import { exitCodeOf } from '../model/verdict.js';

/** 0 pass, 1 fail, 2 usage or runtime error, 3 inconclusive. */
export type ExitCode = 0 | 1 | 2 | 3;

/**
 * What a canary's action exits with. Done: 0. Refused by the gate: the gate's verdict. Refused because more cycles or an approval are
 * needed first: 3, it is too early to say. Refused for any other reason (the stage, a changed plan, nothing to approve): 2.
 */
export function exitCodeOfCanary(report: CanaryReport): ExitCode {
  const { refusal, gate, action } = report;
  if (report.applied) return 0;
  if (refusal === 'gate') return gate === null || gate.verdict === 'pass' ? 3 : exitCodeOf(gate.verdict);
  const tooEarly = refusal === 'dwell' || (refusal === 'approval' && action !== 'approve');
  return tooEarly ? 3 : 2;
}

/** The worst verdict; where that is a pass, 2 if a view could not be refreshed. */
export function exitCodeOfRun({ verdict, views = [] }: RunSummary): ExitCode {
  const code = exitCodeOf(verdict);
  return code === 0 && views.some(({ status }) => status === 'failed') ? 2 : code;
}

/** 2 if any check fails. */
export function exitCodeOfDoctor(result: DoctorResult): ExitCode {
  return result.checks.some(({ status }) => status === 'fail') ? 2 : 0;
}

/** A list: 0. A retry: 0 when all that was tried landed, else 3: what is left is not known to be events. */
export function exitCodeOfQuarantine({ tried, landed }: QuarantineResult): ExitCode {
  return landed < tried ? 3 : 0;
}
