import { DISCREPANCY_KINDS } from '../model/comparison.js';
import type { Discrepancy } from '../model/comparison.js';
import { grouped } from '../model/counts.js';
import type { GateResult } from '../model/gate.js';
import type { QuarantineResult } from '../model/results.js';
import type { Verdict } from '../model/verdict.js';
import type { ViewReport } from '../model/view.js';
import { differencesOf, keyText } from './cells.js';
import type { RenderOptions } from './options.js';
import { commonSentences, sumSentences } from './profile-wording.js';
import type { AnyComparison, Result } from './result.js';
import {
  boundText,
  finding,
  headline,
  kindLabel,
  nameOf,
  nothingCompared,
  sampleText,
  stoppedEarly,
} from './wording.js';

interface TestCase {
  readonly name: string;
  readonly verdict: Verdict;
  readonly message: string;
  readonly detail?: string;
}

interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
  /** What is to be known of a result besides. */
  readonly notes?: readonly string[];
  /** Seconds */
  readonly time?: number;
  readonly timestamp?: string;
}

/** Characters that XML 1.0 cannot hold, not even escaped. */
// eslint-disable-next-line no-control-regex -- these are the characters to be removed
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Cs}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function xml(text: string): string {
  return text.replace(NOT_XML, '').replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** An attribute: white space other than the plain space would be read back as a space. */
function attribute(name: string, value: string | number): string {
  return ` ${name}="${xml(String(value)).replace(/[\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`)}"`;
}

/**
 * JUnit XML: a suite for each pipeline with a case for each criterion or kind of discrepancy. What is inconclusive is an error, not a
 * skipped test: it must not look like a pass.
 */
export function renderJunit(result: Result, options: RenderOptions): string {
  const suites = suitesOf(result, options.limit);
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attribute('name', 'cutover')}${totals(all)}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n');
}

function totals(cases: readonly TestCase[]): string {
  const failures = cases.filter(({ verdict }) => verdict === 'fail').length;
  const errors = cases.filter(({ verdict }) => verdict === 'error' || verdict === 'inconclusive').length;
  return attribute('tests', cases.length) + attribute('failures', failures) + attribute('errors', errors);
}

function suiteLines(suite: TestSuite): string[] {
  const time = suite.time === undefined ? '' : attribute('time', suite.time.toFixed(3));
  const timestamp = suite.timestamp === undefined ? '' : attribute('timestamp', suite.timestamp);
  return [
    `  <testsuite${attribute('name', suite.name)}${totals(suite.cases)}${time}${timestamp}>`,
    ...suite.cases.flatMap((one) => caseLines(suite, one)),
    ...((suite.notes ?? []).length === 0 ? [] : [`    <system-out>${xml(suite.notes?.join('\n') ?? '')}</system-out>`]),
    '  </testsuite>',
  ];
}

function caseLines(suite: TestSuite, one: TestCase): string[] {
  const open = `    <testcase${attribute('classname', suite.name)}${attribute('name', one.name)}`;
  if (one.verdict === 'pass') return [`${open}/>`];
  const tag = one.verdict === 'fail' ? 'failure' : 'error';
  const problem = `      <${tag}${attribute('type', one.verdict)}${attribute('message', one.message)}`;
  const body = one.detail === undefined ? `${problem}/>` : `${problem}>${xml(one.detail)}</${tag}>`;
  return [`${open}>`, body, '    </testcase>'];
}

function suitesOf(result: Result, limit: number): readonly TestSuite[] {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return [comparisonSuite(result, limit)];
    case 'cutover.run/v1':
      if (result.comparisons.length > 0)
        return [
          ...result.comparisons.map((comparison) => comparisonSuite(comparison, limit)),
          ...(result.views === undefined ? [] : [viewSuite(result.views)]),
        ];
      return [
        {
          name: 'cutover run',
          cases: [{ name: 'comparisons', verdict: result.verdict, message: nothingCompared(result) }],
        },
      ];
    case 'cutover.gate/v1':
      return [gateSuite(result)];
    case 'cutover.canary/v1': {
      const gate = result.gate === null ? [] : [gateSuite(result.gate)];
      const verdict = result.applied ? 'pass' : 'error';
      return [
        { name: result.pipeline, cases: [{ name: `canary ${result.action}`, verdict, message: result.message }] },
        ...gate,
      ];
    }
    case 'cutover.quarantine/v1':
      return [quarantineSuite(result, limit)];
    case 'cutover.views/v1':
      return [viewSuite(result.views)];
    case 'cutover.doctor/v1':
      return [
        {
          name: 'cutover doctor',
          cases: result.checks.map(({ name, status, detail, remedy }) => ({
            name,
            verdict: status === 'fail' ? 'fail' : 'pass',
            message: remedy === null ? detail : `${detail} (${remedy})`,
          })),
        },
      ];
    case 'cutover.route/v1':
      return [{ name: result.pipeline, cases: [{ name: 'route', verdict: 'pass', message: result.reason }] }];
    case 'cutover.init/v1':
      return [{ name: 'cutover init', cases: [{ name: result.template, verdict: 'pass', message: result.directory }] }];
    case 'cutover.rebuild/v1':
      return result.pipelines.map((name) => ({ name, cases: [{ name: 'rebuild', verdict: 'pass', message: '' }] }));
    case 'cutover.plan/v1':
      // Nothing was compared, so that nothing passes.
      return [{ name: 'cutover diff --explain-plan', cases: [], notes: [result.place_reason, result.reason] }];
  }
}

/** Old rows are not known to be right, and no failure either. */
function viewSuite(views: readonly ViewReport[]): TestSuite {
  return {
    name: 'cutover views',
    cases: views.map(({ view, status, error }) => ({
      name: view,
      verdict: status === 'fresh' || status === 'removed' ? 'pass' : status === 'failed' ? 'error' : 'inconclusive',
      message: error ?? status,
    })),
  };
}

/** Records in quarantine are no failure of a pipeline, and no pass either. */
function quarantineSuite(result: QuarantineResult, limit: number): TestSuite {
  const total: TestCase = {
    name: 'records in quarantine',
    verdict: result.quarantined === 0 ? 'pass' : 'inconclusive',
    message: `${grouped(result.quarantined)} in quarantine`,
  };
  const records = result.records.slice(0, limit).map(({ partition, offset, reason, raw }): TestCase => ({
    name: `${partition} ${offset}`,
    verdict: 'inconclusive',
    message: reason,
    ...(raw === null ? {} : { detail: raw }),
  }));
  return { name: 'cutover quarantine', cases: [total, ...records] };
}

function comparisonSuite(comparison: AnyComparison, limit: number): TestSuite {
  const early = stoppedEarly(comparison);
  const kinds = DISCREPANCY_KINDS.map((kind): TestCase => {
    const count = comparison[kind];
    const listed = comparison.discrepancies.filter((one) => one.kind === kind).slice(0, limit);
    const detail = listed.map((one) => `${keyText(one.key)}${differencesText(one)}`).join('\n');
    return {
      name: kindLabel(kind, comparison),
      // A rate may allow some: whether that is a failure is for the verdict to say.
      verdict: count > 0 && comparison.verdict !== 'pass' ? 'fail' : 'pass',
      message: `${boundText(count, early)} ${kindLabel(kind, comparison)}`,
      ...(detail === '' ? {} : { detail }),
    };
  });
  const message = comparison.reasons.length > 0 ? comparison.reasons.join('; ') : finding(comparison);
  const common = [...commonSentences(comparison), ...sumSentences(comparison)];
  const detail = [headline(comparison), ...common].join('\n');
  const verdict: TestCase = { name: 'verdict', verdict: comparison.verdict, message, detail };
  return {
    name: nameOf(comparison),
    cases: [verdict, ...kinds, ...quarantineCases(comparison)],
    notes: [...knownOf(comparison), ...comparison.lossy, ...comparison.notes],
    time: comparison.timing.total / 1000,
    timestamp: comparison.started_at,
  };
}

function quarantineCases(comparison: AnyComparison): TestCase[] {
  if (comparison.pipeline === null) return [];
  return [
    {
      name: 'events in quarantine',
      verdict: comparison.reasons.some((reason) => reason.includes('quarantined')) ? 'inconclusive' : 'pass',
      message: `${grouped(comparison.quarantined)} in quarantine`,
    },
  ];
}

/** What is to be known of a comparison that all cases of it may hide. */
function knownOf(comparison: AnyComparison): string[] {
  if (comparison.pipeline !== null) return [];
  return [
    ...(comparison.sampled === null ? [] : [`sample: ${sampleText(comparison.sampled)}`]),
    ...(comparison.stopped_early ? ['stopped before the end: all counts of differences are lower bounds'] : []),
    ...(comparison.alignment.exact ? [] : [comparison.alignment.detail]),
  ];
}

function differencesText(discrepancy: Discrepancy): string {
  const parts = differencesOf(discrepancy).map(({ name, batch, stream }) => `${name} ${batch} -> ${stream}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function gateSuite(gate: GateResult): TestSuite {
  const criteria = gate.criteria.map(({ name, verdict, observed, required }) => ({
    name,
    verdict,
    message: `observed ${observed === null ? 'unknown' : String(observed)}, required ${String(required)}`,
  }));
  // Without criteria nothing was proven: the verdict itself must then be seen.
  const verdict: TestCase = {
    name: `gate for ${gate.for}`,
    verdict: gate.verdict,
    message: gate.reasons.join('; ') || `gate for ${gate.for}`,
  };
  return { name: `${gate.pipeline} gate for ${gate.for}`, cases: [verdict, ...criteria] };
}
