import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { advise } from '../advisor/advise.js';
import { judgeMeasurements } from '../advisor/measured.js';
import { tierOf } from '../advisor/tiers.js';
import { loadAdvice } from '../config/advice.js';
import { CutoverError } from '../model/errors.js';
import type { AdviceRequest } from '../model/advice-request.js';
import type { Advice, Measured, Measurements } from '../model/advice.js';
import type { Pipeline } from '../model/project.js';
import { hasLanding, measureCycles, measureLag, measureRate } from '../store/state/measured.js';

/**
 * `cutover advise`: the advice on a use case that is written in a file, or was answered at a terminal, with what was measured of a pipeline where one is named.
 * Errors: ADVICE_INVALID; of a pipeline those of opening the project, and PIPELINE_UNKNOWN.
 *
 * @param from a file (relative to `cwd`), or the request itself; null: what the pipeline does today is all that is known
 */
export async function adviseOn(
  ctx: AppContext,
  from: { readonly file: string; readonly cwd: string } | AdviceRequest | null,
  pipeline: string | undefined,
): Promise<Advice> {
  // First what needs no store: a mistake in the file should not wait for one.
  const request = from !== null && 'file' in from ? await loadAdvice(from.file, ctx.env, from.cwd) : from;
  const today = pipeline === undefined ? null : await measurePipeline(ctx, pipeline);
  if (request === null && today === null) {
    throw new CutoverError(
      'USAGE',
      'neither a file nor a pipeline is given',
      'Name a file, or a pipeline with --from.',
    );
  }
  return advise(request ?? todaysUseCase(today), today?.measured ?? null);
}

interface Today {
  readonly measured: Measured;
  readonly name: string;
  /** Milliseconds between two runs of the batch job, by its schedule; null: it has none that tells. */
  readonly every: number | null;
}

/** What cutover measured of a pipeline; reads the store only. */
export function measurePipeline(ctx: AppContext, name: string): Promise<Today> {
  return withProject(ctx, async (open) => {
    const pipeline = open.pipeline(name);
    const { schedule } = pipeline.batch;
    const every = 'every' in schedule ? schedule.every : null;
    return { measured: judgeMeasurements({ ...(await measurements(open, pipeline)), every }), name, every };
  });
}

async function measurements({ session }: OpenProject, pipeline: Pipeline): Promise<Omit<Measurements, 'every'>> {
  const landing = await hasLanding(session);
  return {
    pipeline: pipeline.name,
    rate: landing ? await measureRate(session) : null,
    lag: landing ? await measureLag(session) : null,
    ...(await measureCycles(session, pipeline.name)),
    external: pipeline.batch.kind === 'external',
  };
}

/** Without a file: the latency that the batch job gives today is taken for what is required. Errors: USAGE, where that is not known. */
function todaysUseCase(today: Today | null): AdviceRequest {
  const found = today?.measured.figures.find(({ name }) => name === 'break_even.batch_latency_minutes');
  const ms = found === undefined ? (today?.every ?? null) : found.value * 60_000;
  if (ms === null) {
    throw new CutoverError(
      'USAGE',
      `how late the data of ${today?.name ?? 'the pipeline'} may be is not known: it was not compared often enough yet`,
      'Name a file with use_case.latency_requirement, or leave `cutover run` running for a while.',
    );
  }
  return {
    use_case: {
      name: today?.name,
      latency_requirement: tierOf(ms),
      latency_justification: found === undefined ? 'the schedule of the batch job' : 'what the batch job gives today',
    },
  };
}

export { adviceYaml, answerProblem, requestOf } from '../config/advice.js';
export { adviceSteps } from './advise-steps.js';
