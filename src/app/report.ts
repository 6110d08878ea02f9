import type { AppContext } from './context.js';
import { withProject } from './open.js';
import { CutoverError } from '../model/errors.js';
import type { Comparison } from '../model/comparison.js';
import { loadComparison } from '../store/state/comparisons.js';

/** A stored comparison again, by id or the newest. Errors: COMPARISON_NOT_FOUND, PIPELINE_UNKNOWN. */
export function storedReport(
  ctx: AppContext,
  name: string,
  options: { comparisonId?: string; limit: number },
): Promise<Comparison> {
  return withProject(ctx, async ({ pipeline, session }) => {
    const found = await loadComparison(session, pipeline(name).name, options.comparisonId);
    if (found === null) {
      throw new CutoverError(
        'COMPARISON_NOT_FOUND',
        options.comparisonId === undefined
          ? `${name} has no stored comparison yet`
          : `${name} has no comparison ${options.comparisonId}`,
        options.comparisonId === undefined
          ? 'Run `cutover run --once` first.'
          : 'Leave --comparison out for the newest one.',
      );
    }
    const discrepancies = found.discrepancies.slice(0, options.limit);
    return { ...found, discrepancies, discrepancies_listed: discrepancies.length };
  });
}
