import type { AuditEntry, MergeState } from '../../model/canary.js';
import { counted } from '../../model/counts.js';
import type { CanaryReport } from '../../model/results.js';
import { visible } from '../cells.js';
import { ppmAsPercent } from '../numbers.js';
import type { RenderOptions } from '../options.js';
import { newest } from '../result.js';
import { verdictLabel } from '../wording.js';
import { criterionLines, reasonLines } from './gate.js';
import { bar, table } from './layout.js';
import type { TableCell } from './layout.js';
import { painter, verdictStyle } from './paint.js';
import type { Paint, Style } from './paint.js';

const BAR_WIDTH = 40;

const STAGE_STYLE: Readonly<Record<CanaryReport['state']['stage'], Style>> = {
  shadow: 'cyan',
  canary: 'cyan',
  cutover: 'green',
  complete: 'green',
  held: 'yellow',
  rolled_back: 'red',
};

/** One line: the stage and the share, and what was done or refused. */
export function canaryLine(report: CanaryReport, paint: Paint, message = report.message): string {
  const { state } = report;
  const stage = paint(state.stage.replaceAll('_', ' ').toUpperCase(), 'bold', STAGE_STYLE[state.stage]);
  const line = `${stage} ${paint(visible(`${report.pipeline}: ${ppmAsPercent(state.share_ppm)} of the keys read the stream`), 'bold')}`;
  // The share stands there already.
  const news = report.applied ? message.replace(/^[\d.]+% of keys read the stream(?:; )?/, '') : message;
  if (news === '') return line;
  const said = report.applied ? visible(news) : paint(`refused: ${visible(news)}`, 'yellow');
  return `${line} ${paint('-', 'dim')} ${said}`;
}

/** The canary for people: share, steps with the present one marked, dwell, the gate's answer where one was asked, history. */
export function canaryTable(report: CanaryReport, options: RenderOptions): string {
  const paint = painter(options.color);
  const history = historyLines(report, options, paint);
  if (report.action === 'history') {
    const lines = history.length === 0 ? ['', '  nothing was changed yet'] : history;
    return `${[canaryLine(report, paint, ''), ...lines].join('\n')}\n`;
  }
  // The gate's reasons stand below, with its criteria.
  const message =
    report.refusal === 'gate' && report.gate !== null && report.gate.verdict !== 'pass'
      ? `the gate is ${report.gate.verdict}`
      : report.message;
  const { state, dwell } = report;
  const facts: [string, string][] = [
    ['stream', `${paint(bar(state.share_ppm / 1_000_000, BAR_WIDTH), 'cyan')} ${ppmAsPercent(state.share_ppm)}`],
    ...(state.merge === undefined || state.share_ppm >= 1_000_000
      ? []
      : [['merge', mergeText(state.merge)] satisfies [string, string]]),
    ['steps', stepsText(report, paint)],
    ...(state.share_ppm === 0
      ? []
      : [
          [
            'dwell',
            `${dwell.completed} of ${counted(dwell.required, 'cycle')} completed since this step was entered`,
          ] satisfies [string, string],
        ]),
    ...(state.version === 0
      ? []
      : [['since', visible(`${state.entered_at}, version ${state.version}`)] satisfies [string, string]]),
    ...(state.held_from === null ? [] : [['held from', state.held_from] satisfies [string, string]]),
    ...(state.reason === null || state.reason === report.message
      ? []
      : [['reason', visible(state.reason)] satisfies [string, string]]),
  ];
  const lines = [
    canaryLine(report, paint, message),
    '',
    ...facts.map(([name, text]) => `  ${paint(name.padEnd(9), 'dim')} ${text}`),
  ];
  return `${[...lines, ...gateLines(report, options, paint), ...history].join('\n')}\n`;
}

/** What the other keys read. */
function mergeText({ open }: MergeState): string {
  if (open === null) return 'every window is read from the stream, until the next cycle';
  if (open.length === 0) return 'every window is closed and read from batch';
  return `${counted(open.length, 'window')} open and read from the stream, the others from batch`;
}

/** The plan's steps: those behind, the present one in brackets, those ahead; a step that waits for an approval says so. */
function stepsText(report: CanaryReport, paint: Paint): string {
  const { state, plan } = report;
  const steps = plan.steps.map((step, index) => {
    const approved = state.approvals.find((approval) => approval.step === step);
    const needs = plan.approve.includes(step) && index > state.step;
    const note = !needs ? '' : approved === undefined ? ' (needs approval)' : ` (approved by ${visible(approved.by)})`;
    if (index === state.step) return paint(`[${step}%]`, 'bold', 'cyan');
    return index < state.step ? paint(`${step}%`, 'green') : `${step}%${paint(note, 'yellow')}`;
  });
  return steps.join(paint(' > ', 'dim'));
}

function gateLines(report: CanaryReport, options: RenderOptions, paint: Paint): string[] {
  const { gate } = report;
  if (gate === null) return [];
  const verdict = paint(verdictLabel(gate.verdict), verdictStyle(gate.verdict));
  const head = `${paint(`Gate for ${gate.for}`, 'bold')} ${verdict}`;
  return ['', head, ...reasonLines(gate.reasons, options, paint), ...criterionLines(gate.criteria, options, paint)];
}

function historyLines(report: CanaryReport, options: RenderOptions, paint: Paint): string[] {
  const entries = newest(report.history, options.limit);
  if (entries.length === 0) return [];
  const columns = [
    { header: 'version', align: 'right' as const },
    { header: 'at' },
    { header: 'by', shrinkTo: 12, least: 8 },
    { header: 'action' },
    { header: 'stage' },
    { header: 'share', align: 'right' as const },
    { header: 'reason', shrinkTo: 24, least: 12 },
  ];
  const rest = report.history.length - entries.length;
  const more =
    rest === 0
      ? []
      : [paint(visible(`  ${counted(rest, 'earlier change')}: cutover canary history ${report.pipeline}`), 'dim')];
  return [
    '',
    paint('History, newest first', 'bold'),
    ...table(columns, entries.map(rowOf), { paint, width: options.width }),
    ...more,
  ];
}

function rowOf(entry: AuditEntry): TableCell[] {
  const stage = entry.from_stage === entry.to_stage ? entry.to_stage : `${entry.from_stage} -> ${entry.to_stage}`;
  const [from, to] = [ppmAsPercent(entry.from_share_ppm), ppmAsPercent(entry.to_share_ppm)];
  return [
    { text: String(entry.version) },
    { text: visible(entry.at.replace(/\.\d+Z$/, 'Z')) },
    { text: visible(entry.actor) },
    { text: entry.action, ...(entry.action === 'rollback' ? { style: 'red' as const } : {}) },
    { text: stage },
    { text: from === to ? to : `${from} -> ${to}` },
    { text: visible(entry.reason ?? '') },
  ];
}
