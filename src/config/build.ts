import path from 'node:path';
import type {
  BatchJob,
  ColumnRule,
  CompareConfig,
  Hold,
  OwnStreamJob,
  PartitionBy,
  Pipeline,
  Schedule,
  SourceText,
  StoreConfig,
  StreamJob,
} from '../model/project.js';
import { buildExternal } from './build-external.js';
import { decimalText } from './decimal.js';
import { withImports } from './imports.js';
import type { KeyPath } from './problems.js';
import type { RuleInput } from './compare-schema.js';
import type { ConfigInput, PipelineInput } from './schema.js';

/** What building needs from outside: the folder, the files' texts, the numbers as written. */
export interface BuildContext {
  readonly root: string;
  /** Reads a file named in the configuration; undefined when it cannot be read (which was reported then). */
  readFile(name: string, at: KeyPath): Promise<SourceText | undefined>;
  /** A text that is the path of a file, or SQL itself. */
  readSql(value: string, at: KeyPath): Promise<SourceText | undefined>;
  textAt(at: KeyPath): string | undefined;
  namesAt(at: KeyPath): readonly string[];
}

const EVERY = 15 * 60_000;
const COMMAND_TIMEOUT = 3_600_000;
const FULL_EVERY = 24 * 3_600_000;

/** The store's part of the project. */
export function buildStore(store: ConfigInput['store'], root: string): StoreConfig {
  if (store.kind === 'postgres') return store;
  return {
    kind: 'duckdb',
    path: path.resolve(root, store.path),
    schemas: store.schemas,
    memoryLimit: store.memory_limit ?? null,
  };
}

function buildPartitionBy(input: NonNullable<PipelineInput['batch']['partition_by']>): PartitionBy {
  const given = typeof input === 'string' ? { column: input, from: undefined } : input;
  const { column, from, lookback, full_every: fullEvery } = { lookback: 0, full_every: FULL_EVERY, ...given };
  return { column, from: from ?? quoted(column), lookback, fullEvery };
}

/** A column of the events by its name. */
function quoted(column: string): string {
  return `"${column.replaceAll('"', '""')}"`;
}

async function buildBatch(
  { batch, stream }: PipelineInput,
  at: KeyPath,
  context: BuildContext,
): Promise<BatchJob | undefined> {
  const schedule: Schedule = batch.cron === undefined ? { every: batch.every ?? EVERY } : { cron: batch.cron.trim() };
  // A side that is not cutover's own is not copied: both are read in one snapshot.
  const held = batch.command !== undefined && stream.external === undefined;
  const hold: Hold = batch.hold ?? (held ? 'copy' : 'snapshot');
  const common = {
    schedule,
    hold,
    holdLimit: batch.hold_limit,
    ...(batch.partition_by !== undefined && { partitionBy: buildPartitionBy(batch.partition_by) }),
  };
  if (batch.external !== undefined) {
    const external = buildExternal(batch.external, stream.external);
    return external && { ...common, ...external };
  }
  if (batch.sql !== undefined) {
    const sql = await context.readSql(batch.sql, [...at, 'sql']);
    return sql && { ...common, kind: 'sql', sql };
  }
  if (batch.stream !== undefined) {
    const job = await buildStreamJob(batch.stream, [...at, 'stream'], context);
    return job && { ...common, kind: 'stream', job };
  }
  if (batch.command === undefined) return { ...common, kind: 'replay' };
  const code: SourceText[] = [];
  for (const [index, name] of (batch.code ?? []).entries()) {
    const source = await context.readFile(name, [...at, 'code', index]);
    if (source !== undefined) code.push(source);
  }
  return {
    ...common,
    kind: 'command',
    argv: batch.command,
    output: batch.output ?? 'parquet',
    timeout: batch.timeout ?? COMMAND_TIMEOUT,
    events: batch.events ?? true,
    code,
  };
}

async function buildStream(
  { batch, stream }: PipelineInput,
  at: KeyPath,
  context: BuildContext,
): Promise<StreamJob | undefined> {
  if (stream.external !== undefined) return buildExternal(stream.external, batch.external);
  return buildStreamJob(stream, at, context);
}

async function buildStreamJob(
  input: NonNullable<PipelineInput['batch']['stream']>,
  at: KeyPath,
  context: BuildContext,
): Promise<OwnStreamJob | undefined> {
  const setup = input.setup === undefined ? undefined : await context.readSql(input.setup, [...at, 'setup']);
  const prepared = setup === undefined ? {} : { setup };
  if (input.sql !== undefined) {
    const sql = await context.readSql(input.sql, [...at, 'sql']);
    return sql && { kind: 'sql', sql, ...prepared };
  }
  if (input.module === undefined) return undefined;
  const module = await context.readFile(input.module, [...at, 'module']);
  return module && { kind: 'module', module: await withImports(module), ...prepared };
}

function buildRule(rule: RuleInput, at: KeyPath, context: Pick<BuildContext, 'textAt'>): ColumnRule {
  const written = rule.absolute === undefined ? undefined : decimalText(context.textAt([...at, 'absolute']) ?? '');
  const absolute = written ?? (rule.absolute === undefined ? undefined : decimalText(String(rule.absolute)));
  return {
    ...(absolute !== undefined && { absolute }),
    ...(rule.relative !== undefined && { relative: rule.relative }),
    ...(rule.round !== undefined && { round: rule.round }),
    ...(rule.within !== undefined && { within: rule.within }),
    ...(rule.ignore !== undefined && { ignore: rule.ignore }),
    ...(rule.null_equals !== undefined && { nullEquals: rule.null_equals }),
    ...(rule.set !== undefined && { set: rule.set }),
    ...(rule.case !== undefined && { case: rule.case }),
    ...(rule.whitespace !== undefined && { whitespace: rule.whitespace }),
    ...(rule.ignore_paths !== undefined && { ignorePaths: rule.ignore_paths }),
    ...(rule.because !== undefined && { because: rule.because }),
    ...(rule.until !== undefined && { until: rule.until }),
  };
}

/** The rules of a comparison. */
export function buildCompare(
  { columns, where, map }: PipelineInput['compare'],
  at: KeyPath,
  context: Pick<BuildContext, 'textAt'>,
): CompareConfig {
  const rules = Object.entries(columns);
  return {
    columns: Object.fromEntries(
      rules.map(([column, rule]) => [column, buildRule(rule, [...at, 'columns', column], context)]),
    ),
    ...(where !== undefined && {
      where: {
        ...(where.batch !== undefined && { batch: where.batch }),
        ...(where.stream !== undefined && { stream: where.stream }),
      },
    }),
    ...(map !== undefined && { map }),
  };
}

function buildIncremental(input: PipelineInput['compare']['incremental']): Pick<Pipeline, 'incremental'> {
  if (input === undefined || input === false) return {};
  return { incremental: { fullEvery: input === true ? FULL_EVERY : input.full_every } };
}

function buildProfile(input: PipelineInput['compare']['profile']): Pick<Pipeline, 'profile'> {
  if (input === false) return {};
  return { profile: { sums: input !== true && input.sums } };
}

function buildServe({ serve, batch }: PipelineInput): Pick<Pipeline, 'merge'> {
  if (serve === undefined) return {};
  const { merge } = serve;
  const { window: column, from } = typeof merge === 'string' ? { window: merge, from: undefined } : merge;
  const by = batch.partition_by === undefined ? undefined : buildPartitionBy(batch.partition_by);
  return { merge: { column, from: from ?? (by?.column === column ? by.from : quoted(column)) } };
}

/** One pipeline of the project; undefined when one of its files could not be read. */
export async function buildPipeline(
  name: string,
  input: PipelineInput,
  context: BuildContext,
): Promise<Pipeline | undefined> {
  const at = ['pipelines', name];
  const batch = await buildBatch(input, [...at, 'batch'], context);
  const stream = await buildStream(input, [...at, 'stream'], context);
  if (batch === undefined || stream === undefined) return undefined;
  const { gate, canary } = input;
  return {
    name,
    key: input.key,
    after: input.after ?? [],
    batch,
    stream,
    compare: buildCompare(input.compare, [...at, 'compare'], context),
    ...buildIncremental(input.compare.incremental),
    ...buildProfile(input.compare.profile),
    ...buildServe(input),
    gate: {
      maxMismatchRate: gate.max_mismatch_rate,
      minKeys: gate.min_keys,
      consecutivePasses: gate.consecutive_passes,
      maxAge: gate.max_age,
    },
    canary: {
      steps: canary.steps,
      dwell: { cycles: canary.dwell.cycles },
      approve: canary.approve,
      rollbackAt: canary.rollback_at ?? Math.max(0.001, gate.max_mismatch_rate),
      auto: canary.auto,
      salt: canary.salt ?? name,
    },
  };
}
