import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AppContext } from './context.js';
import { checkKafka } from './doctor-kafka.js';
import { checkPostgres } from './doctor-postgres.js';
import { withProject, type OpenProject } from './open.js';
import { stateOf } from './served.js';
import type { EventLog } from '../log/contract.js';
import { counted } from '../model/counts.js';
import { formatElapsed } from '../model/duration.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { DoctorCheck, DoctorResult } from '../model/results.js';
import { loadFedTables } from '../store/state/jobs.js';
import { countQuarantined } from '../store/state/landing.js';
import { loadPartitions } from '../store/state/offsets.js';
import { loadPruned } from '../store/state/pruned.js';
import type { Pipeline } from '../model/project.js';
import { withAncestors } from '../shadow/environment.js';
import { requireExternalTables } from '../shadow/external/tables.js';
import { checkJobs } from '../shadow/job-sql.js';
import { RETIRED } from '../shadow/own-code.js';
import { readersOfLanding } from '../shadow/retention.js';
import { externalSide, fedOn, isExternal, SIDES, type SideName } from '../shadow/sides.js';
import { tablesOf } from '../shadow/tables.js';
import { prepareStreamJob } from '../shadow/stream-job.js';
import { checkViews } from '../shadow/views/check.js';

const LOW_DISK = 1024 ** 3;

/** Checks configuration, log, store and jobs, going on after each failure as far as it can. Never throws for what it checks. */
export async function doctor(ctx: AppContext): Promise<DoctorResult> {
  const checks: DoctorCheck[] = [nodeVersion()];
  const check = async (name: string, work: () => Promise<string | DoctorCheck>): Promise<void> => {
    try {
      const found = await work();
      checks.push(typeof found === 'string' ? { name, status: 'ok', detail: found, remedy: null } : found);
    } catch (error) {
      checks.push({
        name,
        status: 'fail',
        detail: error instanceof CutoverError ? `${error.code}: ${error.message}` : messageOf(error),
        remedy: error instanceof CutoverError ? error.remedy : null,
      });
    }
  };
  try {
    await withProject(ctx, async (open) => {
      checks.push({
        name: 'configuration',
        status: 'ok',
        detail: `${counted(open.project.pipelines.length, 'pipeline')} in ${open.project.file}`,
        remedy: null,
      });
      await check('store', () => storeCheck(open));
      if (open.store.kind === 'postgres') await checkPostgres(open, () => ctx.clock.now(), check);
      await check('disk', () => diskCheck(open));
      let log: EventLog | null = null;
      const config = open.project.log;
      if (config !== null)
        await check('log', async () => {
          log = await open.openLog(null);
          const columns = await log.columns(await loadPartitions(open.session));
          return `${columns.length} columns: ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`;
        });
      if (log !== null && config?.kind === 'kafka') await checkKafka(open, log, config, check);
      await check('quarantine', () => quarantineCheck(open));
      await check('job SQL', () => {
        checkJobs(open.project.pipelines, open.project.store.schemas, open.store.kind, open.project.views);
        return Promise.resolve('reads and writes its own side only');
      });
      if (open.project.views.length > 0)
        await check('view SQL', () => {
          checkViews(open.env);
          return Promise.resolve(`${open.project.views.length} of one query each, over served names`);
        });
      await check('landing', () => landingCheck(ctx, open));
      for (const pipeline of open.project.pipelines) {
        if (isExternal(pipeline)) await check(`${pipeline.name}: external tables`, () => externalCheck(open, pipeline));
        if (pipeline.stream.kind === 'external') continue;
        checks.push(afterCheck(open, pipeline));
        for (const side of SIDES)
          for (const one of fedOn(side, [pipeline]))
            await check(titleOf(pipeline.name, side), async () => {
              await prepareStreamJob(one, open.env);
              return streamCheck(open, pipeline.name, side);
            });
      }
    });
  } catch (error) {
    await check(error instanceof CutoverError && error.code.startsWith('STORE') ? 'store' : 'configuration', () =>
      Promise.reject(error),
    );
  }
  return { schema: 'cutover.doctor/v1', checks };
}

function nodeVersion(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'node',
    status: fits ? 'ok' : 'fail',
    detail: `Node ${process.versions.node}`,
    remedy: fits ? null : 'Use Node 20.19 or newer.',
  };
}

async function storeCheck(open: OpenProject): Promise<string> {
  const [row] = await open.session.query('SELECT max(version) AS version FROM cutover.migrations');
  const { store } = open.project;
  await open.session.transaction(async () => {
    await open.session.run('CREATE TABLE cutover.doctor_probe (a INTEGER)');
    await open.session.run('DROP TABLE cutover.doctor_probe');
  });
  return `${store.kind}${store.kind === 'duckdb' ? ` ${store.path}` : ''}, internal schema version ${String(row?.['version'])}, writable`;
}

async function diskCheck(open: OpenProject): Promise<DoctorCheck> {
  const { store, root } = open.project;
  const { bavail, bsize } = await statfs(store.kind === 'duckdb' ? dirname(store.path) : root);
  const free = bavail * bsize;
  const low = free < LOW_DISK;
  return {
    name: 'disk',
    status: low ? 'warn' : 'ok',
    detail: `${(free / 1024 ** 3).toFixed(1)} GiB free`,
    remedy: low ? 'Free space: the store grows with the landing.' : null,
  };
}

async function quarantineCheck(open: OpenProject): Promise<DoctorCheck> {
  const count = await countQuarantined(open.session);
  const limit = open.project.ingest.maxQuarantined;
  return {
    name: 'quarantine',
    status: count > limit ? 'warn' : 'ok',
    detail: `${count} events in quarantine, ${limit} allowed`,
    remedy:
      count > limit
        ? 'See `cutover quarantine list`; correct the producer or the schema, then `cutover quarantine retry`, or raise ingest.max_quarantined.'
        : null,
  };
}

/** What is kept of the landing, and which batch jobs keep it whole. */
async function landingCheck(ctx: AppContext, open: OpenProject): Promise<string> {
  const { keep } = open.project.landing;
  const pruned = (await loadPruned(open.session)).reduce((sum, { events }) => sum + events, 0);
  const lacks = pruned === 0 ? '' : `; ${pruned} were pruned`;
  if (keep === null) return `every event is kept${lacks}`;
  const active: Pipeline[] = [];
  for (const pipeline of open.project.pipelines) {
    const { stage } = await stateOf(open.session, pipeline, ctx.clock.now());
    if (stage !== 'complete') active.push(pipeline);
  }
  const readers = readersOfLanding(open.project.pipelines, active).map(({ name }) => name);
  return readers.length === 0
    ? `events are pruned ${formatElapsed(keep)} after they arrived${lacks}`
    : `every event is kept as long as the batch job of ${readers.join(', ')} computes from them${lacks}`;
}

/** A pipeline that reads another one without saying so gets its table at another cut: a difference in timing, not in logic. */
function undeclaredReads(open: OpenProject, pipeline: Pipeline): string[] {
  const declared = new Set(withAncestors(open.project.pipelines, [pipeline.name]).map(({ name }) => name));
  const texts = [
    pipeline.batch.kind === 'sql' ? pipeline.batch.sql.text : '',
    pipeline.stream.kind === 'sql' ? pipeline.stream.sql.text : '',
  ];
  const code = texts.join('\n').replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  const words = new Set(code.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
  return open.project.pipelines.map(({ name }) => name).filter((name) => words.has(name) && !declared.has(name));
}

function afterCheck(open: OpenProject, pipeline: Pipeline): DoctorCheck {
  const undeclared = undeclaredReads(open, pipeline);
  const name = `${pipeline.name}: after`;
  return undeclared.length === 0
    ? {
        name,
        status: 'ok',
        detail: pipeline.after.length === 0 ? 'reads no other pipeline' : `reads ${pipeline.after.join(', ')}`,
        remedy: null,
      }
    : {
        name,
        status: 'warn',
        detail: `its SQL mentions ${undeclared.join(', ')}, which it does not name`,
        remedy: `If it reads that table, write after: [${[...pipeline.after, ...undeclared].join(', ')}]: otherwise it reads it at another cut.`,
      };
}

/** The tables that others write can be read and compared. */
async function externalCheck({ env, session }: OpenProject, pipeline: Pipeline): Promise<string> {
  await session.transaction(() => requireExternalTables({ env, session, pipeline }));
  const tables = (['batch', 'stream'] as const).flatMap((side) => {
    const external = externalSide(pipeline, side);
    return external === null
      ? []
      : [`${side} ${external.table.schema}.${external.table.name} by ${external.align.kind}`];
  });
  return tables.join(', ');
}

function titleOf(name: string, side: SideName): string {
  return side === 'stream' ? `${name}: stream job` : `${name}: stream job of the batch side`;
}

async function streamCheck(open: OpenProject, name: string, side: SideName): Promise<DoctorCheck> {
  const record = (await loadFedTables(open.session))[side].get(name);
  const title = titleOf(name, side);
  if (record === undefined)
    return { name: title, status: 'ok', detail: 'no table yet: the first run creates it', remedy: null };
  if (record.codeHash === RETIRED)
    return { name: title, status: 'ok', detail: 'the migration is complete: it takes no more events', remedy: null };
  if (record.codeHash !== open.evidenceOf(name)[side]) {
    return {
      name: title,
      status: 'warn',
      detail: 'the job changed since it wrote its table',
      remedy: `Run \`cutover rebuild ${name}\`.`,
    };
  }
  const present = await tablesOf(open.session, open.project.store.schemas[side]);
  const tables = record.objects.filter(({ kind }) => kind === 'TABLE').map((table) => table.name);
  const absent = tables.filter((table) => !present.includes(table));
  return absent.length === 0
    ? { name: title, status: 'ok', detail: `writes ${tables.join(', ')}`, remedy: null }
    : {
        name: title,
        status: 'fail',
        detail: `the tables ${absent.join(', ')} are gone`,
        remedy: `Run \`cutover rebuild ${name}\`.`,
      };
}
