import { CutoverError } from '../model/errors.js';
import type { Alignment, ExternalSide, OwnStreamJob, Pipeline, SchemaNames } from '../model/project.js';
import type { TableRead } from '../store/contract.js';

export type SideName = 'batch' | 'stream';

/** Whether somebody else writes one of its sides. */
export function isExternal({ batch, stream }: Pipeline): boolean {
  return batch.kind === 'external' || stream.kind === 'external';
}

/** Whether nothing of it is cutover's own: it needs no events. */
export function isWhollyExternal({ batch, stream }: Pipeline): boolean {
  return batch.kind === 'external' && stream.kind === 'external';
}

export function externalSide(pipeline: Pipeline, side: SideName): ExternalSide | null {
  const job = pipeline[side];
  return job.kind === 'external' ? job : null;
}

/** How its external sides are aligned: both by the same method. Null for a pipeline of cutover's own sides. */
export function alignmentOf(pipeline: Pipeline): Alignment | null {
  return (externalSide(pipeline, 'stream') ?? externalSide(pipeline, 'batch'))?.align ?? null;
}

/** Where a side's rows stand. */
export function tableOfSide(schemas: SchemaNames, pipeline: Pipeline, side: SideName): TableRead {
  return externalSide(pipeline, side)?.table ?? { schema: schemas[side], name: pipeline.name };
}

export const SIDES: readonly SideName[] = ['stream', 'batch'];

/** Whether its batch side is another version of the stream job: then every micro-batch writes both tables. */
export function hasTwoVersions({ batch }: Pipeline): boolean {
  return batch.kind === 'stream';
}

/** The pipelines whose tables on a side are written by micro-batches, each with the job that writes them as its stream job. */
export function fedOn(side: SideName, pipelines: readonly Pipeline[]): Pipeline[] {
  if (side === 'stream') return pipelines.filter(({ stream }) => stream.kind !== 'external');
  return pipelines.flatMap((pipeline) =>
    pipeline.batch.kind === 'stream' ? [{ ...pipeline, stream: pipeline.batch.job }] : [],
  );
}

/** Errors: EXTERNAL_SIDE. */
export function ownStream({ name, stream }: Pipeline): OwnStreamJob {
  if (stream.kind !== 'external') return stream;
  throw new CutoverError(
    'EXTERNAL_SIDE',
    `the stream side of ${name} is external: ${stream.table.schema}.${stream.table.name} is written by somebody else`,
    'Let the job that writes it build it anew.',
  );
}
