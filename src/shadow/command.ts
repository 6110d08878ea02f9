import { spawn } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CutoverError, messageOf } from '../model/errors.js';
import { isNumeric, isTimestamp, type Column } from '../model/column.js';
import { formatDuration } from '../model/duration.js';
import { toJson, type OffsetVector } from '../model/offset-vector.js';
import type { BatchJob, FileFormat, Pipeline } from '../model/project.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { RESULT, tableName } from './tables.js';
import type { ShadowEnvironment } from './environment.js';

type CommandJob = Extract<BatchJob, { kind: 'command' }>;

/** The relation that reads a file. `columns`: of JSON, the columns with the types in which they are read; empty: as they are found. */
const READERS: Readonly<Record<FileFormat, (file: string, columns: string) => string>> = {
  parquet: (file) => `read_parquet(${file}, hive_partitioning = false)`,
  csv: (file) =>
    `read_csv(${file}, header = true, all_varchar = true, allow_quoted_nulls = false, hive_partitioning = false)`,
  ndjson: (file, columns) => `read_ndjson(${file}${columns === '' ? '' : `, columns = {${columns}}`})`,
};

/** How much of a failed command's last words is shown. */
const TAIL_CHARACTERS = 2000;

/**
 * Runs an external batch program. It is told by environment variables:
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
  const { dialect } = env.store;
  const folder = join(env.workDir, `command-${pipeline.name}-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const events = join(folder, 'events.parquet');
    const output = join(folder, `output.${job.output}`);
    if (job.events) await session.run(`COPY (SELECT * FROM events) TO ${dialect.literal(events)} (FORMAT parquet)`);
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

/**
 * Loads the output in the stream table's columns and types, by name. Text formats are read as text, so that nothing is guessed from the values
 * (`007` and an empty text stay what they are).
 */
async function load(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  format: FileFormat,
  file: string,
): Promise<void> {
  const { dialect } = env.store;
  const path = dialect.literal(file);
  const wanted = await dialect.columns(session, tableName(dialect, env.schemas.stream, pipeline.name));
  const names = new Set((await dialect.columns(session, READERS[format](path, ''))).map(({ name }) => name));
  const absent = wanted.filter(({ name }) => !names.has(name));
  if (absent.length > 0) {
    throw new CutoverError(
      'BATCH_JOB_FAILED',
      `${pipeline.name}: the batch command's output lacks the columns ${absent.map(({ name }) => name).join(', ')}`,
      'Let it write every column of the table.',
    );
  }
  const texts = wanted.map((column) => `${dialect.quote(column.name)}: ${dialect.literal(textual(column))}`);
  const source = READERS[format](path, texts.join(', '));
  const list = wanted.map(({ name, type }) => `CAST(${dialect.quote(name)} AS ${type}) AS ${dialect.quote(name)}`);
  try {
    await session.run(`CREATE OR REPLACE TEMPORARY TABLE ${RESULT} AS SELECT ${list.join(', ')} FROM ${source}`);
  } catch (error) {
    throw new CutoverError(
      'BATCH_JOB_FAILED',
      `${pipeline.name}: the batch command's output does not fit the table: ${messageOf(error).split('\n', 1)[0] ?? ''}`,
      `Correct the command's output, or the column in pipelines.${pipeline.name}.stream.setup.`,
      { cause: error },
    );
  }
  await requireLossless(session, dialect, pipeline, wanted, source);
}

/** How a JSON value of a column is read: whole numbers, decimals and times as they are written. */
function textual({ family, type }: Column): string {
  return family === 'list' || family === 'struct' || family === 'json' || family === 'other' ? type : 'VARCHAR';
}

/** Refuses a value that the cast changed: rounding it could make two sides agree that do not. Errors: BATCH_JOB_FAILED. */
async function requireLossless(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: Pipeline,
  wanted: readonly Column[],
  source: string,
): Promise<void> {
  const found = new Map((await dialect.columns(session, source)).map((column) => [column.name, column]));
  const checked = wanted.flatMap((column) => {
    const given = found.get(column.name);
    const changed = given === undefined ? undefined : changedBy(dialect.quote(column.name), given, column);
    return changed === undefined ? [] : [{ column, changed }];
  });
  if (checked.length === 0) return;
  const list = checked.map(
    ({ column, changed }, i) =>
      `min(CASE WHEN ${changed} THEN CAST(${dialect.quote(column.name)} AS VARCHAR) END) AS c${i}`,
  );
  const [row] = await session.query(`SELECT ${list.join(', ')} FROM ${source}`);
  for (const [i, { column }] of checked.entries()) {
    const value = row?.[`c${i}`] ?? null;
    if (value === null) continue;
    throw new CutoverError(
      'BATCH_JOB_FAILED',
      `${pipeline.name}: the batch command wrote ${String(value)} in the column ${column.name}, which its type ${column.type} cannot hold without loss`,
      `Round or cast the value in the command, or widen the column in pipelines.${pipeline.name}.stream.setup.`,
    );
  }
}

/** The SQL condition under which a value is another one after its cast; undefined where the cast cannot change it. */
function changedBy(value: string, given: Column, wanted: Column): string | undefined {
  const cast = `CAST(${value} AS ${wanted.type})`;
  if (given.type === wanted.type) return undefined;
  if (given.family !== 'text') {
    const narrows = isNumeric(wanted.family) || isTimestamp(wanted.family) || wanted.family === 'date';
    return narrows ? `CAST(${cast} AS ${given.type}) <> ${value}` : undefined;
  }
  if (wanted.family === 'date') return `CAST(${value} AS TIMESTAMP) <> ${cast}`;
  // A double is by definition the nearest to its text. What no decimal can hold is held against the double.
  if (wanted.family !== 'integer' && wanted.family !== 'decimal') return undefined;
  const exact = 'DECIMAL(38, 15)';
  return `coalesce(TRY_CAST(${value} AS ${exact}) <> TRY_CAST(${cast} AS ${exact}), CAST(${value} AS DOUBLE) <> CAST(${cast} AS DOUBLE))`;
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
