import { counted, grouped } from '../model/counts.js';
import type { DiffReport } from '../model/diff-report.js';
import type { GateResult } from '../model/gate.js';
import type { CanaryReport, QuarantineResult, RunSummary } from '../model/results.js';
import type { Verdict } from '../model/verdict.js';
import type { ViewReport } from '../model/view.js';
import { formatElapsed } from '../model/duration.js';
import { differencesOf, keyText, visible } from './cells.js';
import { percent, ppmAsPercent } from './numbers.js';
import type { RenderOptions } from './options.js';
import { newest } from './result.js';
import { commonSentences, sumSentences } from './profile-wording.js';
import type { AnyComparison, Result } from './result.js';
import { furtherReasons } from './table/diff-report.js';
import { fitted } from './table/layout.js';
import { sizeText } from './table/profile.js';
import { renderTable } from './table/table.js';
import { sideText, viewRemarks } from './table/views.js';
import {
  boundText,
  countsOf,
  differenceName,
  hasProfile,
  headline,
  kindLabel,
  nothingCompared,
  sampleText,
  sideNames,
  stoppedEarly,
  verdictLabel,
} from './wording.js';

const ICON: Readonly<Record<Verdict, string>> = { pass: '✅', fail: '❌', inconclusive: '❔', error: '⚠️' };

function entity(char: string): string {
  return `&#${char.codePointAt(0) ?? 0};`;
}

/**
 * Prose from elsewhere: nothing in it is markup, a link, a mention or a reference. The last two are looked for after entities were
 * read, so an empty comment stands between the sign and what follows.
 */
export function plain(text: string): string {
  return visible(text).replace(
    /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|[^\p{L}\p{N} ,.;:'"()%/?…✓✗_-]/gu,
    (sign) => (sign === '@' || sign === '#' ? `${sign}<!-- -->` : entity(sign)),
  );
}

/** A value, in the type of code: in backticks where that is safe, otherwise with every sign that could be markup as an entity. */
function code(text: string): string {
  if (text === '') return '';
  const shown = visible(text);
  if (!/[`|\\]| {2}/.test(shown) && shown.trim() === shown) return `\`${shown}\``;
  return `<code>${shown.replace(/[`|\\<>&*_[\]~#@!$:{}()]| (?= )|^ | $/g, entity)}</code>`;
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(header),
    line(header.map((name) => (/^(keys|mismatched|tolerated|share|version)$/.test(name) ? '---:' : '---'))),
    ...rows.map(line),
    '',
  ];
}

/** GitHub-flavoured Markdown, for comments on pull requests. */
export function renderMarkdown(result: Result, options: RenderOptions): string {
  return `${linesOf(result, options).join('\n').trimEnd()}\n`;
}

function linesOf(result: Result, options: RenderOptions): readonly string[] {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return comparisonLines(result, options);
    case 'cutover.run/v1':
      return runLines(result, options);
    case 'cutover.gate/v1':
      return gateLines(result);
    case 'cutover.canary/v1':
      return canaryLines(result, options);
    case 'cutover.quarantine/v1':
      return quarantineLines(result, options);
    case 'cutover.views/v1':
      return [`### ${counted(result.views.length, 'view')}`, '', ...viewRows(result.views)];
    default:
      return [
        '```text',
        renderTable(result, { ...options, color: false })
          .trimEnd()
          .replaceAll('```', "'''"),
        '```',
      ];
  }
}

function title(verdict: Verdict, text: string): string {
  return `### ${ICON[verdict]} ${verdictLabel(verdict)} ${plain(text)}`;
}

function bullets(items: readonly string[]): string[] {
  return items.length === 0 ? [] : [...items.map((item) => `- ${plain(item)}`), ''];
}

function comparisonLines(comparison: AnyComparison, options: RenderOptions): readonly string[] {
  const early = stoppedEarly(comparison);
  const counts = countsOf(comparison).map(({ label, count, rate, atLeast }) => [
    label,
    boundText(count, atLeast),
    rate === null || count === 0 ? '' : percent(rate),
  ]);
  const columns = Object.entries(comparison.columns)
    .filter(([, one]) => one.mismatched > 0 || one.tolerated > 0)
    .map(([name, one]) => [
      code(name),
      boundText(one.mismatched, early),
      boundText(one.tolerated, early),
      code(one.max_abs_difference ?? ''),
    ]);
  return [
    title(comparison.verdict, headline(comparison)),
    '',
    ...(comparison.pipeline === null ? sideLines(comparison) : []),
    ...bullets(comparison.pipeline === null ? furtherReasons(comparison) : comparison.reasons),
    ...bullets([...commonSentences(comparison), ...sumSentences(comparison)]),
    ...tableOf(['', 'keys', 'part'], counts),
    ...(hasProfile(comparison)
      ? profileColumns(comparison)
      : columns.length === 0
        ? []
        : tableOf(['column', 'mismatched', 'tolerated', 'largest difference'], columns)),
    ...discrepancyLines(comparison, options.limit),
    ...bullets(comparison.lossy.map((step) => `Lossy: ${step}`)),
    ...bullets(comparison.notes),
    `<sub>comparison ${comparison.pipeline === null ? 'finished' : plain(comparison.comparison_id)} at ${plain(comparison.finished_at)}</sub>`,
    '',
  ];
}

/** The signed differences are right - left, or stream - batch. */
function profileColumns(report: AnyComparison): string[] {
  const early = stoppedEarly(report);
  const rows = (report.profile?.columns ?? [])
    .filter(({ mismatched, tolerated }) => mismatched > 0 || tolerated > 0)
    .map((one) => [
      code(one.column),
      boundText(one.mismatched, early),
      boundText(one.tolerated, early),
      code(sizeText(one.smallest, one)),
      code(`${one.median_error > 0 ? '~' : ''}${sizeText(one.median, one)}`),
      code(sizeText(one.largest, one)),
    ]);
  return rows.length === 0
    ? []
    : tableOf(['column', 'mismatched', 'tolerated', 'smallest', 'median', `largest (${differenceName(report)})`], rows);
}

/** What was compared, and what is known of it only in part. */
function sideLines(report: DiffReport): string[] {
  return [
    `- left ${code(report.sides.batch)}`,
    `- right ${code(report.sides.stream)}`,
    ...(report.sampled === null ? [] : [`- sample: ${plain(sampleText(report.sampled))}`]),
    ...(report.stopped_early ? ['- stopped before the end: there may be more of each difference than is counted'] : []),
    ...(report.alignment.exact ? [] : [`- ${plain(report.alignment.detail)}`]),
    '',
  ];
}

function discrepancyLines(comparison: AnyComparison, limit: number): string[] {
  const shown = comparison.discrepancies.slice(0, limit);
  if (shown.length === 0) return [];
  const rows = shown.flatMap((discrepancy) => {
    const head = [code(keyText(discrepancy.key)), kindLabel(discrepancy.kind, comparison)];
    const differences = differencesOf(discrepancy);
    if (differences.length === 0) return [[...head, '', '', '']];
    return differences.map(({ name, batch, stream }) => [...head, code(name), code(batch), code(stream)]);
  });
  const names = sideNames(comparison);
  return [
    `<details><summary>First ${grouped(shown.length)} discrepancies</summary>`,
    '',
    ...tableOf(['key', 'kind', 'column', names.batch, names.stream], rows),
    '</details>',
    '',
  ];
}

function runLines(run: RunSummary, options: RenderOptions): readonly string[] {
  const quarantined = run.quarantined === 0 ? '' : `, ${grouped(run.quarantined)} in quarantine`;
  return [
    title(run.verdict, `${grouped(run.events)} events${quarantined}`),
    '',
    ...(run.comparisons.length === 0 ? [plain(nothingCompared(run)), ''] : []),
    ...run.comparisons.flatMap((comparison) => comparisonLines(comparison, options)),
    ...(run.views === undefined ? [] : viewRows(run.views)),
  ];
}

function viewRows(views: readonly ViewReport[]): string[] {
  const rows = views.map((view) => [
    code(view.view),
    view.status === 'failed' ? '❌ failed' : view.status,
    view.staleness_ms === null ? '' : formatElapsed(view.staleness_ms),
    view.rows === null ? '' : grouped(view.rows),
    plain(sideText(view)),
    code(view.schedule ?? ''),
  ]);
  return [
    ...(rows.length === 0 ? [] : tableOf(['view', 'status', 'age', 'rows', 'rows from', 'schedule'], rows)),
    ...bullets(viewRemarks(views)),
  ];
}

function gateLines(gate: GateResult): readonly string[] {
  const rows = gate.criteria.map(({ name, verdict, observed, required }) => [
    `${ICON[verdict]} ${verdict}`,
    code(name),
    code(observed === null ? 'unknown' : String(observed)),
    code(String(required)),
  ]);
  return [
    title(gate.verdict, `${gate.pipeline}: gate for ${gate.for}`),
    '',
    ...bullets(gate.reasons),
    ...(rows.length === 0 ? [] : tableOf(['', 'criterion', 'observed', 'required'], rows)),
  ];
}

function canaryLines(report: CanaryReport, options: RenderOptions): readonly string[] {
  const { state, dwell } = report;
  const rows = newest(report.history, options.limit).map((entry) => [
    String(entry.version),
    plain(entry.at),
    plain(entry.actor),
    entry.action,
    `${plain(entry.from_stage)} to ${plain(entry.to_stage)}`,
    ppmAsPercent(entry.to_share_ppm),
    plain(entry.reason ?? ''),
  ]);
  return [
    `### ${report.applied ? '' : '⛔ '}${plain(`${report.pipeline}: ${state.stage}, ${ppmAsPercent(state.share_ppm)} of the keys read the stream`)}`,
    '',
    ...bullets([report.message].filter((text) => text !== '')),
    `Steps ${report.plan.steps.map((step, index) => (index === state.step ? `**${step}%**` : `${step}%`)).join(' → ')}, dwell ${dwell.completed} of ${dwell.required}`,
    '',
    ...(report.gate === null ? [] : gateLines(report.gate)),
    ...(rows.length === 0 ? [] : tableOf(['version', 'at', 'by', 'action', 'stage', 'share', 'reason'], rows)),
  ];
}

function quarantineLines(result: QuarantineResult, options: RenderOptions): readonly string[] {
  const rows = result.records
    .slice(0, options.limit)
    .map(({ partition, offset, quarantined_at, reason, raw }) => [
      code(partition),
      String(offset),
      plain(quarantined_at),
      plain(reason),
      code(fitted((raw ?? '').slice(0, 2 * MOST_OF_A_RECORD), MOST_OF_A_RECORD)),
    ]);
  const retried = `${grouped(result.landed)} of ${counted(result.tried, 'record')} fit now and became events.`;
  return [
    `### ${counted(result.quarantined, 'record')} in quarantine`,
    '',
    ...(result.action === 'retry' ? [retried, ''] : []),
    ...(rows.length === 0 ? [] : tableOf(['partition', 'offset', 'since', 'reason', 'record'], rows)),
  ];
}

const MOST_OF_A_RECORD = 200;
