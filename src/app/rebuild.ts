import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { stateOf } from './served.js';
import { percentOfShare } from '../canary/plan.js';
import { CutoverError } from '../model/errors.js';
import { toJson } from '../model/offset-vector.js';
import type { RebuildResult } from '../model/results.js';
import { connected } from '../shadow/environment.js';
import { rebuildStreams } from '../shadow/rebuild.js';
import { ownStream } from '../shadow/sides.js';
import { inTurn } from '../shadow/turns.js';
import { loadStreamJobs } from '../store/state/jobs.js';
import { ensureLanding } from '../store/state/landing.js';
import { loadPartitions } from '../store/state/offsets.js';

/**
 * Replays the landing into fresh stream tables of a pipeline and of those connected with it, and swaps them in.
 * Errors: EXTERNAL_SIDE; CANARY_REFUSED where readers already read one of these tables and its code is another: nothing has compared that yet.
 *
 * @param options.force swap it in under the readers all the same
 */
export function rebuild(
  ctx: AppContext,
  name: string,
  options: { force: boolean } = { force: false },
): Promise<RebuildResult> {
  return withProject(ctx, async (open) => {
    const started = performance.now();
    const pipeline = open.pipeline(name);
    ownStream(pipeline);
    const log = await open.openLog(null);
    const columns = await log.columns(await loadPartitions(open.session));
    const { env, session, evidence } = open;
    const outcome = await inTurn(env, session, 'prepare', ctx.signal, async () => {
      await ensureLanding(session, open.store.dialect, columns);
      if (!options.force) await refuseUnderReaders(ctx, open, pipeline.name);
      return rebuildStreams(env, session, [pipeline.name], evidence, open.refreshServed, ctx.signal);
    });
    return {
      schema: 'cutover.rebuild/v1',
      pipelines: outcome.pipelines,
      events: outcome.events,
      cut: toJson(outcome.cut),
      took: Math.round(performance.now() - started),
    };
  });
}

async function refuseUnderReaders(ctx: AppContext, open: OpenProject, name: string): Promise<void> {
  const records = await loadStreamJobs(open.session);
  for (const pipeline of connected(open.env.pipelines, [name])) {
    const record = records.get(pipeline.name);
    const state = await stateOf(open.session, pipeline, ctx.clock.now());
    if (state.share_ppm === 0 || record === undefined || record.codeHash === open.evidenceOf(pipeline.name).stream)
      continue;
    throw new CutoverError(
      'CANARY_REFUSED',
      `${percentOfShare(state.share_ppm)}% of the keys of ${pipeline.name} read the table that a rebuild would replace by the output of other code`,
      `Move them back first (\`cutover canary rollback ${pipeline.name}\`), or swap it in under them with --force.`,
    );
  }
}
