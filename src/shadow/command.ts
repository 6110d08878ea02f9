import { spawn } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CutoverError, messageOf } from '../model/errors.js';
import { formatDuration } from '../model/duration.js';
import { toJson, type OffsetVector } from '../model/offset-vector.js';
import type { BatchJob, FileFormat, Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { RESULT, tableName } from './tables.js';
import type { ShadowEnvironment } from './environment.js';

type CommandJob = Extract<BatchJob, { kind: 'command' }>;

/** How much of a failed command's last words is shown. */
const TAIL_CHARACTERS = 2000;

/**
 * Runs an external batch program, in the configuration's folder. It is told by environment variables:
 * `CUTOVER_PIPELINE`, `CUTOVER_CUT` (JSON, partition -> exclusive end offset), `CUTOVER_EVENTS` (Parquet file of the events up to the cut, unless it wants none) and
 * `CUTOVER_OUTPUT` (the file to write). Its standard output goes to the log. Errors: BATCH_JOB_FAILED, BATCH_OUTPUT_MISSING.
 */
export async function runCommand(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  job: CommandJob,
  cut: OffsetVector,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = join(env.workDir, `command-${pipeline.name}-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const events = join(folder, 'events.parquet');
    const output = join(folder, `output.${job.output}`);
    if (job.events) await session.exportParquet('SELECT * FROM events', events);
    await execute(
      env,
      pipeline,
      job,
      {
        CUTOVER_PIPELINE: pipeline.name,
        CUTOVER_CUT: JSON.stringify(toJson(cut)),
        ...(job.events ? { CUTOVER_EVENTS: events } : {}),
        CUTOVER_OUTPUT: output,
      },
      signal,
    );
    await stat(output).catch(() => {
      throw new CutoverError(
        'BATCH_OUTPUT_MISSING',
        `${pipeline.name}: the batch command ended well but wrote no ${output}`,
        'Let it write its result to the file named by CUTOVER_OUTPUT.',
      );
    });
    await load(env, session, pipeline, job.output, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Loads the output in the stream table's columns and types, by name. Errors: BATCH_JOB_FAILED. */
async function load(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  format: FileFormat,
  path: string,
): Promise<void> {
  const { dialect } = env.store;
  const wanted = await dialect.columns(session, tableName(dialect, env.schemas.stream, pipeline.name));
  const outcome = await session.loadFile(RESULT, { format, path }, wanted, 'store').catch((error: unknown) => {
    throw new CutoverError(
      'BATCH_JOB_FAILED',
      `${pipeline.name}: the batch command's output does not fit the table: ${messageOf(error).split('\n', 1)[0] ?? ''}`,
      `Correct the command's output, or the column in pipelines.${pipeline.name}.stream.setup.`,
      { cause: error },
    );
  });
  switch (outcome.kind) {
    case 'loaded':
      return;
    case 'absent':
      throw new CutoverError(
        'BATCH_JOB_FAILED',
        `${pipeline.name}: the batch command's output lacks the columns ${outcome.columns.join(', ')}`,
        'Let it write every column of the table.',
      );
    case 'lossy':
      throw new CutoverError(
        'BATCH_JOB_FAILED',
        `${pipeline.name}: the batch command wrote ${outcome.value} in the column ${outcome.column.name}, which its type ${outcome.column.type} cannot hold without loss`,
        `Round or cast the value in the command, or widen the column in pipelines.${pipeline.name}.stream.setup.`,
      );
  }
}

async function execute(
  env: ShadowEnvironment,
  pipeline: Pipeline,
  job: CommandJob,
  variables: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [program, ...args] = job.argv;
  if (program === undefined)
    throw new CutoverError('BATCH_JOB_FAILED', `${pipeline.name}: the batch command is empty`, 'Name a program.');
  const timeout = AbortSignal.timeout(job.timeout);
  const child = spawn(program, args, {
    cwd: env.root,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARACTERS);
      env.logger.debug({ pipeline: pipeline.name }, text.trimEnd());
    });
  }
  const ended = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => {
      resolve(timeout.aborted ? `took longer than ${formatDuration(job.timeout)}` : error.message);
    });
    child.on('close', (code, killedBy) => {
      resolve(
        code === 0 ? null : killedBy === null ? `ended with exit code ${String(code)}` : `was ended by ${killedBy}`,
      );
    });
  });
  if (ended !== null) {
    throw new CutoverError(
      'BATCH_JOB_FAILED',
      `${pipeline.name}: the batch command ${ended}${tail === '' ? '' : `\n${tail.trimEnd()}`}`,
      'Correct the command (pipelines.*.batch.command) and run again; nothing was published.',
    );
  }
}
