import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { servedInSnapshot } from './served.js';
import { formatDuration } from '../model/duration.js';
import { CutoverError } from '../model/errors.js';
import type { Schedule } from '../model/project.js';
import { sideOf, type View, type ViewReport, type ViewsResult, type ViewStatus } from '../model/view.js';
import { nextDue } from '../shadow/schedule.js';
import { codeHashOf } from '../shadow/views/basis.js';
import { checkViews } from '../shadow/views/check.js';
import { refreshView, type RefreshParts } from '../shadow/views/refresh.js';
import { dueAt } from '../shadow/views/schedule.js';
import { dropView } from '../shadow/views/drop.js';
import type { SqlSession } from '../store/contract.js';
import { loadViews, type ViewRecord } from '../store/state/views.js';

/** What a refresh of this project's views works with. `session` is its own. */
export function refreshParts(ctx: AppContext, open: OpenProject, session: SqlSession): RefreshParts {
  const { env, store, project } = open;
  return {
    env,
    session,
    signal: ctx.signal,
    served: (within, pipeline) => servedInSnapshot(store, within, project.store.schemas, pipeline, ctx.clock.now()),
  };
}

/** `cutover views list`: every configured view, and those that no longer are but whose tables are still there. */
export function listViews(ctx: AppContext): Promise<ViewsResult> {
  return withProject(ctx, async (open) => resultOf('list', await viewReports(ctx, open)));
}

/**
 * `cutover views refresh`: now, whenever it is due. Waits for another process that has the view in hand.
 * Errors: VIEW_UNKNOWN, VIEW_INVALID, SQL_FAILED, SQL_REACHES_ACROSS, TABLE_MISSING, STORE_DEPENDENTS; each of those of the refresh itself is stored too.
 */
export function refreshNow(ctx: AppContext, name: string, options: { full: boolean }): Promise<ViewsResult> {
  return withProject(ctx, async (open) => {
    const view = viewOf(open, name);
    checkViews(open.env);
    await refreshView(refreshParts(ctx, open, open.session), view, options);
    const reports = await viewReports(ctx, open);
    return resultOf(
      'refresh',
      reports.filter((report) => report.view === name),
    );
  });
}

/** `cutover views drop`: removes the table of a view that is no longer configured. Errors: VIEW_UNKNOWN, VIEW_INVALID, STORE_DEPENDENTS. */
export function dropRemoved(ctx: AppContext, name: string): Promise<ViewsResult> {
  return withProject(ctx, async (open) => {
    if (open.project.views.some((view) => view.name === name)) {
      throw new CutoverError(
        'VIEW_INVALID',
        `the view ${name} is configured: the next refresh would build it again`,
        `Take views.${name} out of ${open.project.file} first.`,
      );
    }
    const dropped = (await viewReports(ctx, open)).filter((report) => report.view === name);
    if (dropped.length === 0) throw unknown(open, name);
    await dropView(open.env, open.session, name, ctx.signal);
    return resultOf('drop', dropped);
  });
}

function resultOf(action: ViewsResult['action'], views: readonly ViewReport[]): ViewsResult {
  return { schema: 'cutover.views/v1', action, views };
}

function viewOf(open: OpenProject, name: string): View {
  const found = open.project.views.find((view) => view.name === name);
  if (found === undefined) throw unknown(open, name);
  return found;
}

function unknown({ project }: OpenProject, name: string): CutoverError {
  const names = project.views.map((view) => view.name);
  return new CutoverError(
    'VIEW_UNKNOWN',
    `there is no view ${name} in ${project.file}`,
    names.length === 0 ? 'Configure one under `views`.' : `Name one of: ${names.join(', ')}.`,
  );
}

/** Every view as it stands now, in the order of the file; then those that are no longer configured. */
export async function viewReports(
  ctx: AppContext,
  { project, session }: Pick<OpenProject, 'project' | 'session'>,
): Promise<ViewReport[]> {
  const records = await loadViews(session);
  const now = ctx.clock.now();
  const configured = project.views.map((view) => reportOf(view.name, view, records.get(view.name), now));
  const removed = [...records.values()]
    .filter(({ name }) => !project.views.some((view) => view.name === name))
    .map((record) => reportOf(record.name, null, record, now));
  return [...configured, ...removed];
}

/** @param view null: no longer configured */
function reportOf(name: string, view: View | null, record: ViewRecord | undefined, now: Date): ViewReport {
  const built = record?.built ?? null;
  const sources = built?.sources ?? [];
  return {
    view: name,
    description: view?.description ?? null,
    status: statusOf(view, record, now),
    schedule: view === null ? null : scheduleText(view.schedule),
    refreshed_at: built?.refreshedAt.toISOString() ?? null,
    staleness_ms: built === null ? null : Math.max(0, now.getTime() - built.refreshedAt.getTime()),
    duration_ms: built?.duration ?? null,
    rows: built?.rows ?? null,
    changed_rows: built?.changedRows ?? null,
    partitions: built?.partitions ?? null,
    full_at: built?.fullAt.toISOString() ?? null,
    full_reason: built?.fullReason ?? null,
    corrected_rows: built?.correctedRows ?? 0,
    side: sideOf(sources),
    sources,
    next_due: view === null ? null : laterOf(dueAt(view, record), now).toISOString(),
    attempted_at: record?.attemptedAt.toISOString() ?? null,
    error: record?.error ?? null,
    failures: record?.failures ?? 0,
  };
}

function statusOf(view: View | null, record: ViewRecord | undefined, now: Date): ViewStatus {
  if (view === null) return 'removed';
  if (record === undefined) return 'never';
  if (record.error !== null) return 'failed';
  if (record.built === null) return 'never';
  if (record.built.codeHash !== codeHashOf(view)) return 'changed';
  // A refresh that is due this moment, or under way, is not missed.
  const missed = nextDue(view.schedule, nextDue(view.schedule, record.built.refreshedAt));
  return now >= missed ? 'stale' : 'fresh';
}

function scheduleText(schedule: Schedule): string {
  return 'every' in schedule ? `every ${formatDuration(schedule.every)}` : schedule.cron;
}

function laterOf(a: Date, b: Date): Date {
  return a > b ? a : b;
}
