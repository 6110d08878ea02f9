import type { Pipeline } from '../model/project.js';
import { checkExternal } from './external-checks.js';
import type { KafkaLogInput } from './kafka-schema.js';
import type { KeyPath } from './problems.js';
import type { RuleInput } from './compare-schema.js';
import type { BatchInput, LogInput, PipelineInput } from './schema.js';

/** Reports a problem with the key at `path`, relative to the part that is checked. */
export type Complain = (path: KeyPath, message: string) => void;

const COMMAND_ONLY = ['output', 'timeout', 'events', 'code'] as const;

const BATCH_KINDS = ['sql', 'command', 'replay', 'stream', 'external'] as const;

function checkBatch(batch: BatchInput, complain: Complain): void {
  const given = BATCH_KINDS.filter((kind) => batch[kind] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
    complain([], `must have exactly one of ${BATCH_KINDS.join(', ')}; ${found}`);
  } else {
    for (const key of COMMAND_ONLY) {
      if (batch[key] !== undefined && batch.command === undefined)
        complain([key], `is only for a command, not for ${given.join()}`);
    }
    if (batch.partition_by !== undefined && batch.sql === undefined) {
      complain(['partition_by'], `is only for sql, not for ${given.join()}`);
    }
  }
  if (batch.every !== undefined && batch.cron !== undefined)
    complain(['cron'], 'every and cron are both given; keep one');
}

function checkStream(stream: PipelineInput['stream'], complain: Complain): void {
  const given = (['sql', 'module', 'external'] as const).filter((kind) => stream[kind] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
  complain([], `must have exactly one of sql, module, external; ${found}`);
}

/** A batch side that is another version of the stream job has what a stream side has. */
function checkVersions({ batch, stream }: PipelineInput, complain: Complain): void {
  if (batch.stream === undefined) return;
  const given = (['sql', 'module'] as const).filter((kind) => batch.stream?.[kind] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
    complain(['batch', 'stream'], `must have exactly one of sql, module; ${found}`);
  }
  if (batch.hold === 'copy')
    complain(['batch', 'hold'], 'copy is for a batch job that runs by itself; both versions stand in one snapshot');
  if (stream.external !== undefined) {
    complain(['batch', 'stream'], 'is fed by the same micro-batches as the stream side, and that one is external');
    return;
  }
  for (const [side, job] of [
    [['batch', 'stream'], batch.stream],
    [['stream'], stream],
  ] as const) {
    if (job.setup === undefined)
      complain([...side, 'setup'], 'is missing; no batch query tells the columns of the table');
  }
}

/** Every kind of rule; `permit`: it lets a difference pass, and has to say why. */
const RULES = [
  { name: 'absolute', permit: true },
  { name: 'relative', permit: true },
  { name: 'round', permit: true },
  { name: 'within', permit: true },
  { name: 'ignore', permit: true },
  { name: 'null_equals', permit: false },
  { name: 'set', permit: false },
  { name: 'case', permit: false },
  { name: 'whitespace', permit: false },
  { name: 'ignore_paths', permit: true },
] as const;

const UNDATED: readonly string[] = ['null_equals', 'set'];

function checkRule(rule: RuleInput, complain: Complain): void {
  const rules = RULES.filter(({ name }) => rule[name] !== undefined);
  const names = rules.map(({ name }) => name);
  // `ignore: false` is no permission.
  const permits = rules.filter(({ name, permit }) => permit && rule[name] !== false).map(({ name }) => name);
  if (rules.length === 0)
    complain([], `has no rule; give one of ${RULES.map(({ name }) => name).join(', ')}, or leave the column out`);
  else if (rule.ignore === true && rules.length > 1) {
    complain(
      [],
      `ignore excludes every other rule; ${names.filter((name) => name !== 'ignore').join(' and ')} cannot stand beside it`,
    );
  }
  if (permits.length > 0 && rule.because === undefined) {
    complain(['because'], `is missing; ${permits.join(' and ')} must say why the difference is acceptable`);
  }
  if (rule.until !== undefined && names.every((name) => UNDATED.includes(name)))
    complain(['until'], 'is only for rules that let a difference pass, not for null_equals and set');
}

/** The served view has one name for a column, whichever side it reads, and finds a key's side by the key's own columns. */
function checkMap(pipeline: PipelineInput, complain: Complain): void {
  const taken = new Map<string, string>();
  for (const [name, other] of Object.entries(pipeline.compare.map ?? {})) {
    const before = taken.get(other);
    if (before !== undefined) complain([name], `"${other}" is already the name of ${before}`);
    taken.set(other, name);
    if (pipeline.key.some((column) => column.toLowerCase() === name.toLowerCase()))
      complain([name], 'is a key column; in a pipeline it has one name on both sides');
    const by = pipeline.batch.partition_by;
    if (name === (typeof by === 'object' ? by.column : by))
      complain([name], 'is the column of the partitions; it has one name on both sides');
  }
}

/** Merged reads take each window from one side: that needs the row's window in its key, and the batch side's exact cut. */
function checkMerge({ serve, key, batch, stream }: PipelineInput, complain: Complain): void {
  if (serve === undefined) return;
  const window = typeof serve.merge === 'string' ? serve.merge : serve.merge.window;
  const at = typeof serve.merge === 'string' ? [] : ['window'];
  if (!key.includes(window))
    complain(at, `"${window}" is not a key column (${key.join(', ')}); a key must belong to one window`);
  if (batch.external !== undefined || stream.external !== undefined)
    complain([], 'is not for a pipeline with an external side: which events its rows hold is not known');
  if (batch.stream !== undefined)
    complain([], 'is not for two versions of a stream job: the batch side has all events already');
  if (batch.events === false)
    complain([], 'is not for a command that reads its input elsewhere: which events its result holds is not known');
}

function checkCanary(canary: PipelineInput['canary'], complain: Complain): void {
  const { steps, approve } = canary;
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    if (before !== undefined && step <= before)
      complain(['steps', index], `steps must ascend: ${step} comes after ${before}`);
    // Shares are kept in parts per million of keys.
    if (Math.abs(step * 10_000 - Math.round(step * 10_000)) > 1e-6 || step < 0.0001) {
      complain(['steps', index], `must be a percentage with at most 4 decimals, not ${step}`);
    }
  }
  const last = steps.at(-1);
  if (last !== 100) complain(['steps'], `the last step must be 100, not ${String(last)}`);
  for (const [index, step] of approve.entries()) {
    if (!steps.includes(step)) complain(['approve', index], `${step} is not among the steps (${steps.join(', ')})`);
    else if (approve.indexOf(step) < index) complain(['approve', index], `${step} stands twice`);
  }
}

/** What a single pipeline's keys must have in common. `names` are all configured pipelines. */
export function checkPipeline(
  name: string,
  pipeline: PipelineInput,
  names: readonly string[],
  complain: Complain,
): void {
  const under =
    (...prefix: KeyPath): Complain =>
    (path, message) =>
      complain([...prefix, ...path], message);
  checkBatch(pipeline.batch, under('batch'));
  checkStream(pipeline.stream, under('stream'));
  checkVersions(pipeline, complain);
  checkExternal(pipeline, complain);
  // Names of columns differ by more than their letters' case: the embedded store does not tell `Id` from `id`.
  const keys = pipeline.key.map((column) => column.toLowerCase());
  for (const [index, column] of keys.entries()) {
    if (keys.indexOf(column) < index && pipeline.key.indexOf(pipeline.key[index] ?? '') === index) {
      complain(['key', index], `"${pipeline.key[index] ?? ''}" stands twice, in other letters`);
    }
  }
  for (const [column, rule] of Object.entries(pipeline.compare.columns)) {
    if (keys.includes(column.toLowerCase())) {
      complain(['compare', 'columns', column], 'is a key column; a key has no rule, it must be equal');
    } else checkRule(rule, under('compare', 'columns', column));
  }
  checkMap(pipeline, under('compare', 'map'));
  checkMerge(pipeline, under('serve', 'merge'));
  for (const [index, other] of (pipeline.after ?? []).entries()) {
    if (!names.includes(other))
      complain(['after', index], `there is no pipeline "${other}"; configured are: ${names.join(', ')}`);
  }
  checkCanary(pipeline.canary, under('canary'));
  const { rollback_at: rollbackAt } = pipeline.canary;
  const { max_mismatch_rate: allowed } = pipeline.gate;
  if (rollbackAt !== undefined && rollbackAt < allowed) {
    under('canary')(
      ['rollback_at'],
      `must not be below gate.max_mismatch_rate (${allowed}): what the gate allows would be rolled back`,
    );
  }
}

/** A micro-batch is applied to one side's tables as a whole: what is read of other pipelines must be as new as what it writes. */
export function checkConnected(pipelines: readonly Pipeline[], complain: Complain): void {
  const versions = new Set(pipelines.filter(({ batch }) => batch.kind === 'stream').map(({ name }) => name));
  for (const { name, after } of pipelines) {
    for (const [index, other] of after.entries()) {
      if (versions.has(name) === versions.has(other)) continue;
      const [one, rest] = versions.has(name) ? [name, other] : [other, name];
      complain(
        ['pipelines', name, 'after', index],
        `the batch side of ${one} is a version of its stream job, that of ${rest} is not; connected pipelines must have it alike`,
      );
    }
  }
}

/** What the keys of the log must have in common. */
export function checkLog(log: LogInput, complain: Complain): void {
  if (log.kind === 'kafka') {
    checkKafka(log, complain);
    return;
  }
  const columns = log.schema === undefined ? undefined : Object.keys(log.schema);
  if (columns === undefined) {
    const json = log.format === 'ndjson' || log.path.some((glob) => /\.(ndjson|jsonl)$/i.test(glob));
    if (json) complain(['schema'], 'is missing; files of JSON lines need the names and types of their columns');
    return;
  }
  checkSchemaNames(columns, complain);
  if (log.event_time !== undefined && !columns.includes(log.event_time)) {
    complain(['event_time'], `"${log.event_time}" is not among the columns of the schema (${columns.join(', ')})`);
  }
}

function checkKafka(log: KafkaLogInput, complain: Complain): void {
  const columns = Object.keys(log.schema ?? {});
  if (log.format === 'raw' && log.schema !== undefined)
    complain(['schema'], 'is not for format raw, whose events have only the columns of the record itself');
  if (log.format !== 'raw' && log.schema === undefined)
    complain(['schema'], `is missing; format ${log.format} needs the names and types of the columns`);
  if (log.format === 'registry' && log.registry === undefined) complain(['registry'], 'is missing; give its url');
  if (log.format !== 'registry' && log.registry !== undefined)
    complain(['registry'], `is only for format registry, not for ${log.format}`);
  const metadata = log.metadata ?? [];
  if (log.format === 'raw' && log.metadata?.length === 0) complain(['metadata'], 'must not be empty with format raw');
  if (log.format === 'registry' && metadata.includes('_value'))
    complain(['metadata'], 'must not name _value with format registry, whose values are bytes and no text');
  if (new Set(metadata).size < metadata.length) complain(['metadata'], 'names a column twice');
  checkSchemaNames(columns, complain);
  const timed = [...columns, ...(log.metadata ?? ['_timestamp']).filter((name) => name === '_timestamp')];
  if (log.event_time !== undefined && !timed.includes(log.event_time)) {
    complain(['event_time'], `"${log.event_time}" is not among the columns ${timed.join(', ')}`);
  }
  if (typeof log.start === 'object' && 'offsets' in log.start) {
    for (const topic of Object.keys(log.start.offsets))
      if (!log.topics.includes(topic)) complain(['start', 'offsets', topic], 'is not one of the topics');
  }
  if (typeof log.tls === 'object' && (log.tls.cert === undefined) !== (log.tls.key === undefined))
    complain(['tls'], 'cert and key go together: one of them is missing');
}

function checkSchemaNames(columns: readonly string[], complain: Complain): void {
  const lower = columns.map((column) => column.toLowerCase());
  for (const [index, column] of columns.entries()) {
    if (lower.indexOf(column.toLowerCase()) < index) complain(['schema', column], 'stands twice, in other letters');
  }
}
