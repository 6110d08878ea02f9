import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Pipeline, Project, SourceText } from '../model/project.js';
import type { View } from '../model/view.js';
import { buildLog } from './build-log.js';
import { buildPipeline, buildStore } from './build.js';
import type { BuildContext } from './build.js';
import { buildView, checkView } from './build-view.js';
import { checkLog, checkPipeline } from './checks.js';
import { coerce } from './coerce.js';
import { checkExternalProject } from './external-checks.js';
import { findings, valueAt, type Finding } from './issues.js';
import { dependencyOrder } from './order.js';
import { problemsError, shownFile } from './problems.js';
import type { KeyPath, Problem, ProblemCode } from './problems.js';
import { configSchema, pipelineSchema } from './schema.js';
import type { PipelineInput } from './schema.js';
import { readSource } from './source.js';
import type { ConfigSource, Part } from './source.js';
import { viewSchema } from './view-schema.js';

const NAMES = ['cutover.yaml', 'cutover.yml'];

/**
 * The configuration file of a folder: `cutover.yaml`, else `cutover.yml`; absolute.
 * Errors: CONFIG_NOT_FOUND.
 */
export async function findConfig(cwd: string): Promise<string> {
  for (const name of NAMES) {
    const file = path.resolve(cwd, name);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === true) return file;
  }
  throw new CutoverError(
    'CONFIG_NOT_FOUND',
    `There is no ${NAMES.join(' or ')} in ${path.resolve(cwd)}.`,
    'Write one with `cutover init`, or name one with --config FILE.',
    { place: { file: path.resolve(cwd, NAMES[0] ?? '') } },
  );
}

async function readConfig(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const message = missing
      ? `The configuration file ${file} does not exist.`
      : `The configuration file ${file} cannot be read: ${messageOf(cause)}.`;
    const remedy = 'Correct the name given with --config, or write a file with `cutover init`.';
    throw new CutoverError(missing ? 'CONFIG_NOT_FOUND' : 'CONFIG_INVALID', message, remedy, {
      place: { file },
      cause,
    });
  }
}

/** Collects problems; what only follows from an unset variable is left out. */
class Problems {
  readonly #found: Problem[] = [];
  readonly #source: ConfigSource;

  constructor(source: ConfigSource) {
    this.#source = source;
    this.#found.push(...source.problems);
  }

  add(at: KeyPath, message: string, code: ProblemCode = 'CONFIG_INVALID', part: Part = 'value'): void {
    const within = (problem: Problem): boolean => at.every((key, index) => problem.path[index] === key);
    if (part === 'value' && this.#found.some((problem) => problem.code === 'CONFIG_VARIABLE_UNSET' && within(problem)))
      return;
    const problem = { code, path: at, message, position: this.#source.position(at, part) };
    if (!this.#found.some((other) => other.path.join('\n') === at.join('\n') && other.message === message))
      this.#found.push(problem);
  }

  get all(): readonly Problem[] {
    return this.#found;
  }
}

function contextOf(file: string, root: string, source: ConfigSource, problems: Problems): BuildContext {
  const read = async (name: string, at: KeyPath): Promise<SourceText | undefined> => {
    const target = path.resolve(root, name.trim());
    try {
      const text = (await readFile(target, 'utf8')).replace(/^\uFEFF/, '');
      if (text.trim() !== '') return { path: target, text };
      problems.add(at, `the file ${name} is empty`);
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      problems.add(
        at,
        `the file ${name} ${missing ? 'does not exist' : `cannot be read: ${messageOf(error)}`}`,
        'CONFIG_FILE_MISSING',
      );
    }
    return undefined;
  };
  return {
    root,
    readFile: read,
    readSql: async (value, at) => {
      if (value.trim().endsWith('.sql') && !value.trim().includes('\n')) return read(value, at);
      // The text of a block (`|`) begins on the line after its mark.
      return { path: file, text: value, firstLine: source.position(at).line + (value.includes('\n') ? 1 : 0) };
    },
    textAt: (at) => source.textAt(at),
    namesAt: (at) => source.namesAt(at),
  };
}

/** Every pipeline that is valid by itself, even where the rest of the file is not: so that all problems show at once. */
async function readPipelines(value: unknown, context: BuildContext, problems: Problems): Promise<Pipeline[]> {
  const section = valueAt(value, ['pipelines']);
  const names = typeof section === 'object' && section !== null && !Array.isArray(section) ? Object.keys(section) : [];
  const valid: { name: string; after: readonly string[]; input: PipelineInput }[] = [];
  for (const name of names) {
    const parsed = pipelineSchema.safeParse(valueAt(section, [name]));
    if (!parsed.success) continue;
    checkPipeline(name, parsed.data, names, (at, message) => problems.add(['pipelines', name, ...at], message));
    valid.push({ name, after: parsed.data.after ?? [], input: parsed.data });
  }
  const order = dependencyOrder(valid);
  if (order.kind === 'circle') {
    const circle = order.circle.join(' -> ');
    problems.add(
      ['pipelines', order.circle[0] ?? '', 'after'],
      `pipelines wait for each other in a circle: ${circle}`,
      'PIPELINE_CYCLE',
    );
  }
  const built: Pipeline[] = [];
  for (const { name, input } of order.kind === 'ordered' ? order.items : valid) {
    const pipeline = await buildPipeline(name, input, context);
    if (pipeline !== undefined) built.push(pipeline);
  }
  return built;
}

/** Every view that is valid by itself. */
async function readViews(value: unknown, context: BuildContext, problems: Problems): Promise<View[]> {
  const keysOf = (section: unknown): string[] =>
    typeof section === 'object' && section !== null && !Array.isArray(section) ? Object.keys(section) : [];
  const section = valueAt(value, ['views']);
  const built: View[] = [];
  for (const name of keysOf(section)) {
    const parsed = viewSchema.safeParse(valueAt(section, [name]));
    if (!parsed.success) continue;
    const pipelines = keysOf(valueAt(value, ['pipelines']));
    checkView(name, parsed.data, pipelines, (at, message) =>
      problems.add(['views', name, ...at], message, 'CONFIG_INVALID', at.length === 0 ? 'key' : 'value'),
    );
    const view = await buildView(name, parsed.data, context);
    if (view !== undefined) built.push(view);
  }
  return built;
}

/** Whether somebody else writes both sides of every pipeline: then nothing need be read. */
function withoutLog(section: unknown): boolean {
  if (typeof section !== 'object' || section === null) return false;
  const names = Object.keys(section);
  const external = (name: string, side: string): boolean => valueAt(section, [name, side, 'external']) !== undefined;
  return names.length > 0 && names.every((name) => external(name, 'batch') && external(name, 'stream'));
}

/**
 * Reads and validates a configuration file: variables put in, paths made absolute, SQL and module files loaded,
 * pipelines in dependency order. All problems come in one error.
 * Errors: CONFIG_NOT_FOUND, CONFIG_INVALID, CONFIG_VARIABLE_UNSET, CONFIG_FILE_MISSING, PIPELINE_CYCLE.
 *
 * @param file the configuration file, absolute or relative to the working folder
 * @param env where `${NAME}` is looked up
 */
export async function loadProject(file: string, env: NodeJS.ProcessEnv): Promise<Project> {
  const absolute = path.resolve(file);
  const root = path.dirname(absolute);
  const source = readSource(await readConfig(absolute), env);
  const problems = new Problems(source);
  const fail = (): CutoverError => problemsError(problems.all, absolute, shownFile(file, process.cwd()));
  if (problems.all.some((problem) => problem.code === 'CONFIG_INVALID')) throw fail();

  const value = coerce(configSchema, source.value ?? {}, source);
  const parsed = configSchema.safeParse(value);
  const map = typeof value === 'object' && value !== null && !Array.isArray(value);
  const found: Finding[] = parsed.success ? [] : findings(parsed.error, value, (at) => source.placeholderAt(at));
  if (map && valueAt(value, ['log']) === undefined && !withoutLog(valueAt(value, ['pipelines']))) {
    // In the order of the keys, as all others.
    const place = found.findIndex(({ path: [first] }) => first === 'pipelines');
    found.splice(place === -1 ? found.length : place, 0, { path: ['log'], message: 'is missing', part: 'value' });
  }
  for (const { path: at, message, part } of found) problems.add(at, message, 'CONFIG_INVALID', part);
  const log = configSchema.shape.log.safeParse(valueAt(value, ['log']));
  if (log.success && log.data !== undefined) checkLog(log.data, (at, message) => problems.add(['log', ...at], message));

  const context = contextOf(absolute, root, source, problems);
  const pipelines = await readPipelines(value, context, problems);
  const views = await readViews(value, context, problems);
  for (const { name, incremental } of pipelines)
    if (incremental !== undefined && parsed.data?.store.kind === 'duckdb')
      problems.add(
        ['pipelines', name, 'compare', 'incremental'],
        'is only for a PostgreSQL store, whose triggers keep the digests; the embedded one compares in full',
      );
  if (problems.all.length > 0 || !parsed.success) throw fail();
  const { ingest, landing } = parsed.data;
  const store = buildStore(parsed.data.store, root);
  const events = parsed.data.log === undefined ? null : buildLog(parsed.data.log, context);
  checkExternalProject({ pipelines, store, log: events }, (at, message) => problems.add(at, message));
  if (problems.all.length > 0) throw fail();
  return {
    file: absolute,
    root,
    store,
    log: events,
    ingest: { maxEvents: ingest.max_events, maxWait: ingest.max_wait, maxQuarantined: ingest.max_quarantined },
    landing: { keep: landing.keep ?? null },
    pipelines,
    views,
  };
}
