import type { Comparison, Evidence } from '../../model/comparison.js';
import type { Pipeline } from '../../model/project.js';
import type { SqlSession } from '../../store/contract.js';
import type { CycleOptions } from '../compare-pipeline.js';
import type { ShadowEnvironment } from '../environment.js';
import { alignmentOf } from '../sides.js';
import type { ExternalCycle } from './cycle.js';
import { byProgress } from './progress.js';
import { byQuiescence } from './quiescent.js';
import { bySettling } from './settle.js';
import { requireExternalTables } from './tables.js';
import { byWindow } from './window.js';

/**
 * A cycle of a pipeline of which somebody else writes a side: brings both sides to the same input by the alignment that is configured, compares, judges and
 * stores. Whatever is waited for, no transaction is open meanwhile. Errors: those of `runCycle`; EXTERNAL_TABLE, EXTERNAL_PROGRESS, KEY_COLUMN_MISSING.
 */
export async function runExternalCycle(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  evidence: Evidence,
  options: CycleOptions,
): Promise<Comparison> {
  const cycle: ExternalCycle = { env, session, pipeline, evidence, options, startedAt: env.clock.now() };
  await session.transaction(() => requireExternalTables(cycle));
  const align = alignmentOf(pipeline);
  switch (align?.kind) {
    case 'progress':
      return byProgress(cycle, align);
    case 'quiescent':
      return byQuiescence(cycle, align);
    case 'window':
      return byWindow(cycle);
    case 'settle':
      return bySettling(cycle, align);
    case undefined:
      throw new Error(`${pipeline.name} has no external side`);
  }
}
