import type { Pipeline, Project } from '../model/project.js';
import type { AlignInput, ExternalInput } from './external-schema.js';
import type { KeyPath } from './problems.js';
import type { PipelineInput } from './schema.js';

type Complain = (path: KeyPath, message: string) => void;

export type Method = 'progress' | 'quiescent' | 'window' | 'settle';

const METHODS: readonly Method[] = ['progress', 'quiescent', 'window', 'settle'];

/** The alignment that is given; undefined for none or several. */
export function methodOf(align: AlignInput): Method | undefined {
  const given = METHODS.filter((method) => align[method] !== undefined);
  return given.length === 1 ? given[0] : undefined;
}

function checkSide({ align }: ExternalInput, complain: Complain): void {
  const given = METHODS.filter((method) => align[method] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
    complain(['align'], `must have exactly one of ${METHODS.join(', ')}; ${found}`);
  }
  const { progress, window, settle, quiescent } = align;
  if (progress !== undefined && (progress.table === undefined) === (progress.sql === undefined))
    complain(['align', 'progress'], 'must have exactly one of table, sql');
  for (const [method, watermark] of [
    ['window', window?.watermark],
    ['settle', settle?.watermark],
  ] as const) {
    if (watermark !== undefined && (watermark.column === undefined) === (watermark.sql === undefined))
      complain(['align', method, 'watermark'], 'must have exactly one of column, sql');
  }
  if (quiescent?.wait !== undefined && quiescent.settle !== undefined && quiescent.wait < quiescent.settle)
    complain(['align', 'quiescent', 'wait'], 'must not be shorter than settle');
  if (settle?.max_delay !== undefined && settle.watermark === undefined)
    complain(['align', 'settle', 'max_delay'], 'is only for a delay that follows a watermark');
  if (settle?.max_delay !== undefined && settle.delay !== undefined && settle.max_delay < settle.delay)
    complain(['align', 'settle', 'max_delay'], 'must not be shorter than delay');
}

/** What both sides must say alike. */
function checkPair(batch: ExternalInput, stream: ExternalInput, complain: Complain): void {
  const at = ['stream', 'external', 'align'];
  const [left, right] = [methodOf(batch.align), methodOf(stream.align)];
  if (left !== undefined && right !== undefined && left !== right)
    complain(at, `the batch side is aligned by ${left}, the stream side by ${right}; both must be aligned by the same`);
  if (batch.table === stream.table)
    complain(['stream', 'external', 'table'], 'is the table of the batch side: a table always agrees with itself');
  const [a, b] = [batch.align.window, stream.align.window];
  if (a !== undefined && b !== undefined) {
    for (const name of ['column', 'size', 'nulls'] as const) {
      if (a[name] !== b[name] && a[name] !== undefined && b[name] !== undefined)
        complain([...at, 'window', name], 'is another one on the batch side');
    }
  }
  if (
    (batch.align.settle?.watermark === undefined) !== (stream.align.settle?.watermark === undefined) &&
    left === right
  )
    complain([...at, 'settle', 'watermark'], 'must be given for both sides or for none');
}

/** What a pipeline with external sides may not have besides. */
export function checkExternal(pipeline: PipelineInput, complain: Complain): void {
  const { batch, stream } = pipeline;
  if (batch.external === undefined && stream.external === undefined) return;
  for (const [side, external] of [
    ['batch', batch.external],
    ['stream', stream.external],
  ] as const) {
    if (external !== undefined) checkSide(external, (path, message) => complain([side, 'external', ...path], message));
  }
  if (batch.external !== undefined && stream.external !== undefined)
    checkPair(batch.external, stream.external, complain);
  if (stream.external !== undefined && stream.setup !== undefined)
    complain(['stream', 'setup'], 'is not for an external table, which somebody else creates');
  if (stream.external !== undefined && batch.replay !== undefined)
    complain(['batch', 'replay'], 'runs the stream job again, which is not known: the stream side is external');
  if (batch.hold !== undefined) complain(['batch', 'hold'], 'is not for a pipeline with an external side');
  if (batch.partition_by !== undefined)
    complain(['batch', 'partition_by'], 'is not for a pipeline with an external side, which is always compared whole');
  if ((pipeline.after ?? []).length > 0)
    complain(['after'], 'is not for a pipeline with an external side: what it reads stands at another cut');
  const rate = pipeline.gate.max_mismatch_rate;
  for (const [side, external] of [
    ['batch', batch.external],
    ['stream', stream.external],
  ] as const) {
    const most = external?.align.settle?.max_in_flux;
    if (most !== undefined && most > rate) {
      complain(
        [side, 'external', 'align', 'settle', 'max_in_flux'],
        `must not be above gate.max_mismatch_rate (${rate}): what is in flux may differ for good`,
      );
    }
  }
}

/** What external sides ask of the rest of the project. */
export function checkExternalProject(
  { pipelines, store, log }: Pick<Project, 'pipelines' | 'store' | 'log'>,
  complain: Complain,
): void {
  const own = new Set(['cutover', store.schemas.batch, store.schemas.stream]);
  const external = new Set(pipelines.filter(isExternal).map(({ name }) => name));
  for (const pipeline of pipelines) {
    for (const [index, other] of pipeline.after.entries()) {
      if (external.has(other))
        complain(
          ['pipelines', pipeline.name, 'after', index],
          `${other} has an external side, whose table stands at another cut`,
        );
    }
    for (const side of ['batch', 'stream'] as const) {
      const job = pipeline[side];
      if (job.kind !== 'external') continue;
      const at = ['pipelines', pipeline.name, side, 'external'];
      const { schema, name } = job.table;
      if (own.has(schema)) complain([...at, 'table'], `the schema ${schema} belongs to cutover itself`);
      if (schema === store.schemas.served && pipelines.some((one) => one.name === name))
        complain([...at, 'table'], `${schema}.${name} is the served view of the pipeline ${name}`);
      if (log === null && job.align.kind === 'quiescent')
        complain([...at, 'align', 'quiescent'], 'needs a `log`, whose end must stand still');
      const other = pipeline[side === 'batch' ? 'stream' : 'batch'];
      const watermarked = job.align.kind === 'window' || (job.align.kind === 'settle' && job.align.watermark !== null);
      if (other.kind !== 'external' && watermarked && log?.eventTime === undefined) {
        complain(
          [...at, 'align', job.align.kind],
          "needs `log.event_time`: the other side is cutover's own, and its watermark is the newest event",
        );
      }
    }
  }
}

/** Whether somebody else writes one of its sides. */
function isExternal({ batch, stream }: Pipeline): boolean {
  return batch.kind === 'external' || stream.kind === 'external';
}
