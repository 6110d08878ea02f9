import { CutoverError, messageOf } from '../model/errors.js';
import { NOTHING_COMPARED, type Comparison, type Evidence } from '../model/comparison.js';
import { toJson } from '../model/offset-vector.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { insertComparison, nextComparisonId } from '../store/state/comparisons.js';
import { countQuarantined } from '../store/state/landing.js';
import { loadPartitions, vectorOf } from '../store/state/offsets.js';
import type { ShadowEnvironment } from './environment.js';
import { alignmentOf } from './sides.js';

/** Stores that a cycle failed, as a comparison of the verdict `error`: a gate must not go by an older pass as if nothing had happened. */
export async function storeFailedCycle(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  evidence: Evidence,
  error: unknown,
  startedAt: Date,
): Promise<Comparison> {
  const what = error instanceof CutoverError ? `${error.code}: ${error.message}` : messageOf(error);
  const external = alignmentOf(pipeline);
  return session.transaction(async () => {
    const finishedAt = env.clock.now();
    const comparison: Comparison = {
      schema: 'cutover.comparison/v1',
      pipeline: pipeline.name,
      comparison_id: await nextComparisonId(session),
      verdict: 'error',
      reasons: [`the cycle failed: ${what}`],
      cut: toJson(vectorOf(await loadPartitions(session))),
      alignment:
        external === null
          ? { method: pipeline.batch.hold, exact: true }
          : { method: external.kind, exact: external.kind === 'progress' },
      scope: { full: true },
      started_at: startedAt.toISOString(),
      finished_at: finishedAt.toISOString(),
      quarantined: await countQuarantined(session),
      ...NOTHING_COMPARED,
      evidence,
      timing: { batch_job: 0, publish: 0, diff: 0, total: finishedAt.getTime() - startedAt.getTime() },
      reused_from: null,
    };
    await insertComparison(session, comparison);
    return comparison;
  });
}
