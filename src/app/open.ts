import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { AppContext } from './context.js';
import { servedColumns, showServed, stateOf } from './served.js';
import { holdCanary } from '../canary/repository.js';
import { loadProject } from '../config/load.js';
import type { Checkpoints, EventLog } from '../log/contract.js';
import { openFileLog } from '../log/file/open.js';
import { CutoverError } from '../model/errors.js';
import type { Evidence } from '../model/comparison.js';
import type { Pipeline, Project } from '../model/project.js';
import { deployedEvidence } from '../shadow/evidence.js';
import type { ShadowEnvironment } from '../shadow/environment.js';
import { interrupted, isConnectionFault } from '../shadow/interrupted.js';
import type { SqlSession, Store } from '../store/contract.js';
import { openDuckDbStore } from '../store/duckdb/store.js';
import { SERVED } from '../store/state/lock-names.js';

/** When a stop cuts the connections to a store that does not answer: late enough for a micro-batch to end, in time for the promised 5 s. */
const CUT_OFF_MS = 4400;

/** A project with its store open: what every use case works on. */
export interface OpenProject {
  readonly project: Project;
  readonly store: Store;
  /** For state and for cycles; ingest has its own. */
  readonly session: SqlSession;
  readonly env: ShadowEnvironment;
  readonly evidence: ReadonlyMap<string, Evidence>;
  /** The pipeline of that name. Errors: PIPELINE_UNKNOWN. */
  pipeline(name: string): Pipeline;
  evidenceOf(name: string): Evidence;
  /**
   * @param checkpoints where a log whose partitions are assigned while it runs claims them; null: no events are asked for
   * @param options.bounded events are read up to the end that the log has when it is opened, not to one that moves on
   */
  openLog(checkpoints: Checkpoints | null, options?: { readonly bounded?: boolean }): Promise<EventLog>;
  /** Makes the served view of a pipeline anew from its canary state; to be called in a transaction: that which changed its tables. */
  refreshServed(session: SqlSession, pipeline: Pipeline): Promise<void>;
  /** Pipelines whose served view a cycle made anew and that nobody looked at since. */
  readonly reshaped: Set<Pipeline>;
}

/** Opens the configured project, runs `work`, and closes all again whatever happens. */
export async function withProject<T>(ctx: AppContext, work: (open: OpenProject) => Promise<T>): Promise<T> {
  return withStoreOf(ctx, await loadProject(ctx.configFile, ctx.env), work);
}

/** As `withProject`, for a project that was loaded. A stop that a silent server keeps from its end cuts the connections. */
export async function withStoreOf<T>(
  ctx: AppContext,
  project: Project,
  work: (open: OpenProject) => Promise<T>,
): Promise<T> {
  const store = await openStore(project, ctx.lease);
  const logs: EventLog[] = [];
  const done = new AbortController();
  const onStop = (): void =>
    void ctx.clock.sleep(CUT_OFF_MS, done.signal).then(() => {
      if (!done.signal.aborted) store.abandon();
    });
  ctx.signal.addEventListener('abort', onStop, { once: true });
  if (ctx.signal.aborted) onStop();
  try {
    await store.migrate();
    const session = await store.session();
    const workDir = await makeWorkDir(project);
    const openLog: OpenProject['openLog'] = async (checkpoints, { bounded = false } = {}) => {
      const log = await openLogOf(ctx, project, store, workDir, checkpoints, bounded);
      logs.push(log);
      return log;
    };
    let watched: Promise<EventLog> | undefined;
    const env: ShadowEnvironment = {
      store,
      schemas: project.store.schemas,
      pipelines: project.pipelines,
      views: project.views,
      ingest: project.ingest,
      clock: ctx.clock,
      logger: ctx.logger,
      progress: ctx.progress,
      root: project.root,
      workDir,
      openLog: () => openLog(null),
      watchLog: () => (watched ??= openLog(null)),
      reached: ctx.reached ?? (() => Promise.resolve()),
    };
    const evidence = deployedEvidence(project.pipelines);
    const pipeline = (name: string): Pipeline => findPipeline(project, name);
    return await work({
      project,
      reshaped: new Set(),
      store,
      session,
      env,
      evidence,
      pipeline,
      evidenceOf: (name) => {
        const found = evidence.get(pipeline(name).name);
        if (found === undefined)
          throw new CutoverError('INTERNAL', `no evidence for ${name}`, 'Please report this defect.');
        return found;
      },
      openLog,
      refreshServed: async (within, one) => {
        await within.lock(SERVED);
        const columns = await servedColumns(store, within, project.store.schemas, one);
        if (columns === null) return;
        await holdCanary(within, one.name);
        const state = await stateOf(within, one, ctx.clock.now());
        await showServed(store, within, project.store.schemas, one, columns, state);
      },
    });
  } catch (error) {
    throw ctx.signal.aborted && isConnectionFault(error) ? interrupted() : error;
  } finally {
    done.abort();
    ctx.signal.removeEventListener('abort', onStop);
    for (const log of logs) await log.close();
    await store.close();
  }
}

function findPipeline(project: Project, name: string): Pipeline {
  const found = project.pipelines.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new CutoverError(
    'PIPELINE_UNKNOWN',
    `there is no pipeline ${name} in ${project.file}`,
    `Name one of: ${project.pipelines.map((one) => one.name).join(', ')}.`,
  );
}

async function openLogOf(
  ctx: AppContext,
  project: Project,
  { capabilities }: Store,
  workDir: string,
  checkpoints: Checkpoints | null,
  bounded: boolean,
): Promise<EventLog> {
  const { log: config, ingest } = project;
  if (config === null) {
    throw new CutoverError(
      'EXTERNAL_SIDE',
      `${project.file} names no log: both sides of every pipeline are external`,
      'Configure `log` to read events.',
    );
  }
  if (config.kind === 'file') return openFileLog(config, project.root, workDir, ctx.logger, capabilities.holdsNul);
  // A command that does not need it should not load the client.
  const { openKafkaLog } = await import('../log/kafka/open.js');
  return openKafkaLog({
    config,
    checkpoints,
    bounded,
    asTexts: !capabilities.readsFiles,
    tempDir: workDir,
    fill: { events: ingest.maxEvents, ms: ingest.maxWait },
    clock: ctx.clock,
    logger: ctx.logger,
    holdsNul: capabilities.holdsNul,
  });
}

async function openStore(project: Project, lease: number | undefined): Promise<Store> {
  const { store } = project;
  if (store.kind === 'duckdb')
    return openDuckDbStore({ path: store.path, schemas: store.schemas, memoryLimit: store.memoryLimit });
  // A command that does not need it should not load the driver.
  const { openPostgresStore } = await import('../store/postgres/store.js');
  return openPostgresStore({ url: store.url, schemas: store.schemas, lease });
}

/** Removes the folders of processes of this machine that are gone. Containers may share the project's folder: each tells only its own processes. */
async function removeAbandoned(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const [, host, number] = /^work-(.*)-(\d+)$/.exec(name) ?? [];
    const pid = host === hostname() ? Number(number) : NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(base, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function makeWorkDir(project: Project): Promise<string> {
  if (project.store.kind === 'postgres') {
    const base = join(project.root, '.cutover');
    await mkdir(base, { recursive: true });
    await removeAbandoned(base);
    const own = join(base, `work-${hostname()}-${process.pid}`);
    await mkdir(own, { recursive: true });
    return own;
  }
  const folder = join(dirname(project.store.path), 'work');
  // The store is open, so no other process works here: what stands here was left by one that was killed.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}
