import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { applyAction } from './canary.js';
import { stateOf } from './served.js';
import { BUCKETS } from '../canary/bucket.js';
import { percentOfShare } from '../canary/plan.js';
import { CutoverError } from '../model/errors.js';
import { toJson } from '../model/offset-vector.js';
import type { Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { RebuildResult } from '../model/results.js';
import { connected } from '../shadow/environment.js';
import { MISSED_EVENTS, RETIRED } from '../shadow/own-code.js';
import { rebuildStreams } from '../shadow/rebuild.js';
import { hasTwoVersions, ownStream, type SideName } from '../shadow/sides.js';
import { inTurn } from '../shadow/turns.js';
import { loadFedTables } from '../store/state/jobs.js';
import { ensureLanding } from '../store/state/landing.js';
import { loadPartitions } from '../store/state/offsets.js';

/** Why readers are on the batch side, in the audit. */
const HANDED_OVER = 'the version that everybody read is the batch side now; the next one is built on the stream side';

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
      const chain = await readSides(ctx, open, pipeline.name);
      if (!options.force) refuseUnderReaders(chain);
      await handOver(ctx, open, chain);
      return rebuildStreams(env, session, [pipeline.name], evidence, open.refreshServed, { signal: ctx.signal });
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

/** A pipeline that is rebuilt, and who reads what of it. */
interface ReadSides {
  readonly pipeline: Pipeline;
  /** Parts per million of its keys that read the stream. */
  readonly share: number;
  /** The code that wrote the table of each side; undefined: none, or none that counts any more. */
  readonly written: Readonly<Record<SideName, string | undefined>>;
  /** The code that is deployed. */
  readonly deployed: Evidence;
}

async function readSides(ctx: AppContext, open: OpenProject, name: string): Promise<ReadSides[]> {
  const records = await loadFedTables(open.session);
  const sides: ReadSides[] = [];
  for (const pipeline of connected(open.env.pipelines, [name])) {
    const { share_ppm: share } = await stateOf(open.session, pipeline, ctx.clock.now());
    const batch = hasTwoVersions(pipeline) ? records.batch.get(pipeline.name)?.codeHash : undefined;
    sides.push({
      pipeline,
      share,
      written: {
        stream: records.stream.get(pipeline.name)?.codeHash,
        // A table that lacks events is no loss to its readers.
        batch: batch === RETIRED || batch === MISSED_EVENTS ? undefined : batch,
      },
      deployed: open.evidenceOf(pipeline.name),
    });
  }
  return sides;
}

/** Whether all readers read the version that is configured as the batch side now, while the stream side is to be the next one. */
function isHandedOver({ pipeline, share, written, deployed }: ReadSides): boolean {
  return (
    hasTwoVersions(pipeline) &&
    share === BUCKETS &&
    written.stream === deployed.batch &&
    written.stream !== deployed.stream
  );
}

function refuseUnderReaders(chain: readonly ReadSides[]): void {
  for (const one of chain) {
    const { pipeline, share, written, deployed } = one;
    if (isHandedOver(one)) continue;
    const changed = (side: SideName): boolean => written[side] !== undefined && written[side] !== deployed[side];
    if (share > 0 && changed('stream')) {
      throw new CutoverError(
        'CANARY_REFUSED',
        `${percentOfShare(share)}% of the keys of ${pipeline.name} read the table that a rebuild would replace by the output of other code`,
        `Move them back first (\`cutover canary rollback ${pipeline.name}\`), or swap it in under them with --force.`,
      );
    }
    if (share < BUCKETS && changed('batch')) {
      throw new CutoverError(
        'CANARY_REFUSED',
        `${percentOfShare(BUCKETS - share)}% of the keys of ${pipeline.name} read the batch table that a rebuild would replace by the output of other code`,
        `Restore pipelines.${pipeline.name}.batch.stream and write the change as the next version, under \`stream\`; or swap it in under them with --force.`,
      );
    }
  }
}

/**
 * Builds the version that everybody reads on the batch side, from the same events, and moves the readers there: the stream side is then free for the next
 * version. An end in between leaves them where they are, on a table as good as the other, and the next rebuild goes on.
 */
async function handOver(ctx: AppContext, open: OpenProject, chain: readonly ReadSides[]): Promise<void> {
  const handed = chain.filter(isHandedOver);
  if (handed.length === 0) return;
  const { env, session, evidence } = open;
  const names = handed.map(({ pipeline }) => pipeline.name);
  await rebuildStreams(env, session, names, evidence, open.refreshServed, { signal: ctx.signal, sides: ['batch'] });
  for (const { pipeline } of handed) {
    ctx.logger.info({ pipeline: pipeline.name }, 'its readers read the same version on the batch side now');
    await applyAction(ctx, open, pipeline, 'rollback', { actor: ctx.actor, reason: HANDED_OVER });
  }
}
