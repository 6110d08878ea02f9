import type { PipelineStanding } from '../app/serve.js';
import type { Verdict } from '../model/verdict.js';
import type { ViewReport, ViewStatus } from '../model/view.js';

/** The text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** null: not known; the sample is left out. */
  readonly value: number | null;
}

/** Of a view that is still configured. */
const STATUSES: readonly ViewStatus[] = ['never', 'fresh', 'stale', 'failed', 'changed'];
const VERDICTS: readonly Verdict[] = ['pass', 'inconclusive', 'fail', 'error'];

/**
 * Views and newest comparisons as gauges. Times are seconds. Views that are no longer configured are left out: nothing refreshes them, and their age would only
 * grow. A comparison that was made by other code or configuration proves nothing of what is deployed: it is inconclusive and has no rate.
 */
export function metricsText(views: readonly ViewReport[], pipelines: readonly PipelineStanding[], now: Date): string {
  const shown = views.filter(({ status }) => status !== 'removed');
  return [...viewFamilies(shown), ...pipelineFamilies(pipelines, now)].join('');
}

function viewFamilies(views: readonly ViewReport[]): string[] {
  const each = (value: (view: ViewReport) => number | null): Sample[] =>
    views.map((view) => ({ labels: { view: view.view }, value: value(view) }));
  return [
    family(
      'view_last_refresh_timestamp_seconds',
      'When the snapshot was taken that the rows of the view show.',
      each(({ refreshed_at }) => seconds(refreshed_at === null ? null : Date.parse(refreshed_at))),
    ),
    family(
      'view_staleness_seconds',
      'Age of the rows of the view.',
      each(({ staleness_ms }) => seconds(staleness_ms)),
    ),
    family(
      'view_refresh_duration_seconds',
      'How long the last refresh took that did not fail.',
      each(({ duration_ms }) => seconds(duration_ms)),
    ),
    family(
      'view_rows',
      'Rows of the view.',
      each(({ rows }) => rows),
    ),
    family(
      'view_failing',
      '1: the last try to refresh the view failed.',
      each(({ error }) => (error === null ? 0 : 1)),
    ),
    family(
      'view_consecutive_failures',
      'Tries to refresh the view that failed since the last one that did not.',
      each(({ failures }) => failures),
    ),
    family(
      'view_status',
      '1 for the status that the view has.',
      views.flatMap((view) => stateSet({ view: view.view }, 'status', STATUSES, view.status)),
    ),
  ];
}

function pipelineFamilies(pipelines: readonly PipelineStanding[], now: Date): string[] {
  const each = (value: (standing: PipelineStanding) => number | null): Sample[] =>
    pipelines.map((standing) => ({ labels: { pipeline: standing.pipeline }, value: value(standing) }));
  const finished = ({ newest }: PipelineStanding): number | null =>
    newest === null ? null : Date.parse(newest.finished_at);
  return [
    family(
      'comparison_verdict',
      '1 for the verdict of the newest comparison; inconclusive where other code or configuration made it, or there is none.',
      pipelines.flatMap((one) => stateSet({ pipeline: one.pipeline }, 'verdict', VERDICTS, verdictOf(one))),
    ),
    family(
      'comparison_mismatch_ratio',
      'Share of the compared keys on which the sides differ, where the verdict is pass or fail.',
      each((one) => (['pass', 'fail'].includes(verdictOf(one)) ? (one.newest?.mismatch_rate ?? null) : null)),
    ),
    family(
      'comparison_finished_timestamp_seconds',
      'When the newest comparison ended.',
      each((one) => seconds(finished(one))),
    ),
    family(
      'comparison_age_seconds',
      'Time since the newest comparison ended.',
      each((one) => {
        const at = finished(one);
        return at === null ? null : seconds(Math.max(0, now.getTime() - at));
      }),
    ),
  ];
}

function verdictOf({ newest, deployed }: PipelineStanding): Verdict {
  return newest !== null && deployed ? newest.verdict : 'inconclusive';
}

function stateSet(
  labels: Readonly<Record<string, string>>,
  label: string,
  states: readonly string[],
  present: string,
): Sample[] {
  return states.map((state) => ({ labels: { ...labels, [label]: state }, value: state === present ? 1 : 0 }));
}

/** A gauge with its samples; nothing where there are none. */
function family(name: string, help: string, samples: readonly Sample[]): string {
  const full = `cutover_${name}`;
  const lines = samples.flatMap(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return value === null ? [] : [`${full}{${pairs.join(',')}} ${value}\n`];
  });
  return lines.length === 0 ? '' : [`# HELP ${full} ${help}\n# TYPE ${full} gauge\n`, ...lines].join('');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
