import type { DiffOutcome } from '../../diff/input.js';
import type { DiscrepancyLifecycle } from '../../diff/lifecycle.js';
import { judge } from '../../gate/judge.js';
import {
  NOTHING_COMPARED,
  type Comparison,
  type ComparisonAlignment,
  type Discrepancy,
} from '../../model/comparison.js';
import { toJson, type OffsetVector } from '../../model/offset-vector.js';
import { worst, type Verdict } from '../../model/verdict.js';
import { insertComparison, nextComparisonId } from '../../store/state/comparisons.js';
import { newestQuarantined } from '../../store/state/landing.js';
import type { ExternalCycle, JobDone, Moment } from './cycle.js';

/** What was found, and how the sides stood when it was. */
export interface Conclusion {
  readonly moment: Moment;
  readonly cut: OffsetVector;
  readonly alignment: ComparisonAlignment;
  readonly outcome: DiffOutcome;
  /** What the alignment itself has to say against a pass. */
  readonly findings: readonly (readonly [Verdict, string])[];
  readonly notes: readonly string[];
  readonly job: JobDone;
  /** Milliseconds. */
  readonly diff: number;
  readonly lifecycle: DiscrepancyLifecycle;
  /** False for a key of which it is not known whether it agrees. */
  readonly resolvable: (key: Discrepancy['key']) => boolean;
}

/** Judges and stores a comparison, in the caller's transaction. */
export async function conclude(cycle: ExternalCycle, found: Conclusion): Promise<Comparison> {
  const { env, session, pipeline } = cycle;
  const { outcome, moment, lifecycle } = found;
  const judgement = judge(outcome, {
    batchRows: outcome.batch_rows,
    streamRows: outcome.stream_rows,
    quarantined: moment.quarantined,
    maxQuarantined: env.ingest.maxQuarantined,
    maxMismatchRate: pipeline.gate.maxMismatchRate,
  });
  const id = await nextComparisonId(session);
  const finishedAt = env.clock.now();
  await lifecycle.save(session, { comparisonId: id, at: finishedAt.toISOString(), resolvable: found.resolvable });
  const { columns_compared: _, ...counts } = outcome;
  return store(cycle, finishedAt, {
    comparison_id: id,
    verdict: worst([judgement.verdict, ...found.findings.map(([verdict]) => verdict)]),
    reasons: [...judgement.reasons, ...found.findings.map(([, reason]) => reason)],
    cut: toJson(found.cut),
    alignment: found.alignment,
    quarantined: moment.quarantined,
    ...counts,
    notes: [
      ...found.notes,
      ...found.job.notes,
      ...outcome.notes,
      ...(moment.quarantined === 0 ? [] : await newestQuarantined(session, 3)),
    ],
    discrepancies: outcome.discrepancies.map((discrepancy) => lifecycle.see(discrepancy)),
    discrepancies_listed: outcome.discrepancies.length,
    timing: {
      batch_job: Math.round(found.job.job),
      publish: Math.round(found.job.publish),
      diff: Math.round(found.diff),
      total: finishedAt.getTime() - cycle.startedAt.getTime(),
    },
  });
}

/**
 * Stores that the sides could not be brought to the same input: nothing was compared, and nothing is known of any key. In the caller's transaction.
 *
 * @param why with the numbers
 */
export async function concludeApart(
  cycle: ExternalCycle,
  moment: Moment,
  alignment: ComparisonAlignment,
  why: string,
): Promise<Comparison> {
  const finishedAt = cycle.env.clock.now();
  return store(cycle, finishedAt, {
    comparison_id: await nextComparisonId(cycle.session),
    verdict: 'inconclusive',
    reasons: [why],
    cut: toJson(moment.landed),
    alignment,
    quarantined: moment.quarantined,
    ...NOTHING_COMPARED,
    timing: { batch_job: 0, publish: 0, diff: 0, total: finishedAt.getTime() - cycle.startedAt.getTime() },
  });
}

type Own = 'schema' | 'pipeline' | 'scope' | 'started_at' | 'finished_at' | 'evidence' | 'reused_from';

async function store(cycle: ExternalCycle, finishedAt: Date, found: Omit<Comparison, Own>): Promise<Comparison> {
  const comparison: Comparison = {
    schema: 'cutover.comparison/v1',
    pipeline: cycle.pipeline.name,
    scope: { full: true },
    started_at: cycle.startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    evidence: cycle.evidence,
    reused_from: null,
    ...found,
  };
  await insertComparison(cycle.session, comparison);
  await cycle.env.reached('comparison stored');
  return comparison;
}
