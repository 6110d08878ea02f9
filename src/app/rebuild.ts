import type { AppContext } from './context.js';
import { withProject } from './open.js';
import { toJson } from '../model/offset-vector.js';
import type { RebuildResult } from '../model/results.js';
import { rebuildStreams } from '../shadow/rebuild.js';
import { ensureLanding } from '../store/state/landing.js';

/** Replays the landing into fresh stream tables of a pipeline and of those connected with it, and swaps them in. */
export function rebuild(ctx: AppContext, name: string): Promise<RebuildResult> {
  return withProject(ctx, async (open) => {
    const started = performance.now();
    const pipeline = open.pipeline(name);
    const log = await open.openLog();
    await ensureLanding(open.session, open.store.dialect, await log.columns());
    const outcome = await rebuildStreams(open.env, open.session, [pipeline.name], open.evidence, open.refreshServed);
    return {
      schema: 'cutover.rebuild/v1',
      pipelines: outcome.pipelines,
      events: outcome.events,
      cut: toJson(outcome.cut),
      took: Math.round(performance.now() - started),
    };
  });
}
