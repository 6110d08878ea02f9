import type { ViewsResult } from '../../src/model/view.js';
import type { CanaryState } from '../../src/model/canary.js';
import type { Comparison, Discrepancy } from '../../src/model/comparison.js';
import type { GateResult } from '../../src/model/gate.js';
import type {
  CanaryReport,
  DoctorResult,
  InitResult,
  QuarantineResult,
  RebuildResult,
  RunSummary,
} from '../../src/model/results.js';
import type { RouteResult } from '../../src/report/result.js';

const NEW = { comparison_id: '01J-0042', at: '2026-03-04T05:06:08.000Z' };
const OLD = { comparison_id: '01J-0040', at: '2026-03-04T04:36:08.000Z' };

/** Values that a careless renderer would let control the terminal, break a row, or lose. */
export const discrepancies: readonly Discrepancy[] = [
  {
    key: { flight_date: '2001-01-03', origin: 'ORD' },
    kind: 'value_mismatch',
    columns: { delayed: { batch: '1041', stream: '1040' }, avg_delay: { batch: '12.50', stream: '12.493' } },
    first_seen: OLD,
    cause: null,
  },
  {
    key: { flight_date: '2001-01-04', origin: '東京 "HND", 羽田' },
    kind: 'missing_in_stream',
    columns: { delayed: { batch: '7', stream: null } },
    first_seen: NEW,
    cause: 'arrived 93 minutes after its window',
  },
  {
    key: { flight_date: '2001-01-05', origin: '\u001b[31mred\u001b[0m\r\n|<b>&`x`' },
    kind: 'value_mismatch',
    columns: { carrier: { batch: 'Cafe\u0301', stream: 'Caf\u00e9' } },
    first_seen: NEW,
    cause: null,
  },
  {
    key: { flight_date: '2001-01-06', origin: '=1+1' },
    kind: 'value_mismatch',
    columns: { carrier: { batch: null, stream: '' } },
    first_seen: null,
    cause: null,
  },
  {
    key: { flight_date: '2001-01-07', origin: 'LAX' },
    kind: 'duplicate_key',
    columns: { rows: { batch: 1, stream: 2 } },
    first_seen: NEW,
    cause: null,
  },
  {
    key: { flight_date: '2001-01-08', origin: 'SFO' },
    kind: 'missing_in_batch',
    columns: { delayed: { batch: null, stream: '3' } },
    first_seen: NEW,
    cause: null,
  },
  { key: { flight_date: '2001-01-09', origin: null }, kind: 'null_key', columns: {}, first_seen: NEW, cause: null },
];

export const failing: Comparison = {
  schema: 'cutover.comparison/v1',
  pipeline: 'daily_delays',
  comparison_id: '01J-0042',
  verdict: 'fail',
  reasons: ['mismatch rate 0.0035 is above 0'],
  cut: { '0': '12000', '1': '8000' },
  alignment: { method: 'snapshot', exact: true },
  scope: { full: true },
  started_at: '2026-03-04T05:06:07.000Z',
  finished_at: '2026-03-04T05:06:08.000Z',
  batch_rows: 3455,
  stream_rows: 3454,
  keys_compared: 3456,
  matched: 3441,
  tolerated: 4,
  missing_in_stream: 2,
  missing_in_batch: 1,
  value_mismatch: 7,
  duplicate_key: 1,
  null_key: 1,
  in_flux: 0,
  mismatch_rate: 12 / 3457,
  quarantined: 3,
  columns: {
    delayed: { mismatched: 5, tolerated: 0, max_abs_difference: '1041' },
    avg_delay: { mismatched: 2, tolerated: 4, max_abs_difference: '0.007' },
    carrier: { mismatched: 2, tolerated: 0, max_abs_difference: null },
    flights: { mismatched: 0, tolerated: 0, max_abs_difference: null },
  },
  discrepancies,
  discrepancies_listed: discrepancies.length,
  lossy: ['avg_delay: double compared with decimal(18,3) as double'],
  notes: ['rule of refreshed_at ended on 2026-01-31 and no longer holds'],
  evidence: { batch: 'b'.repeat(64), stream: '5'.repeat(64), rules: 'c'.repeat(64) },
  plan: {
    strategy: 'digest',
    reason: 'equal at the last comparison',
    buckets: 1024,
    differing_buckets: 9,
    candidates: 31,
  },
  timing: { batch_job: 812, publish: 95, diff: 61, total: 1004 },
  reused_from: null,
};

export const passing: Comparison = {
  ...failing,
  comparison_id: '01J-0043',
  verdict: 'pass',
  reasons: [],
  batch_rows: 3456,
  stream_rows: 3456,
  matched: 3452,
  missing_in_stream: 0,
  missing_in_batch: 0,
  value_mismatch: 0,
  duplicate_key: 0,
  null_key: 0,
  mismatch_rate: 0,
  quarantined: 0,
  columns: { avg_delay: { mismatched: 0, tolerated: 4, max_abs_difference: '0.0000001' } },
  discrepancies: [],
  discrepancies_listed: 0,
  lossy: [],
  notes: [],
};

export const empty: Comparison = {
  ...passing,
  comparison_id: '01J-0044',
  verdict: 'inconclusive',
  reasons: ['both sides are empty'],
  cut: {},
  batch_rows: 0,
  stream_rows: 0,
  keys_compared: 0,
  matched: 0,
  tolerated: 0,
  columns: {},
};

export const run: RunSummary = {
  schema: 'cutover.run/v1',
  verdict: 'fail',
  events: 100_000,
  micro_batches: 11,
  quarantined: 3,
  cut: failing.cut,
  comparisons: [passing, { ...failing, pipeline: 'route_delays' }],
};

export const gate: GateResult = {
  schema: 'cutover.gate/v1',
  pipeline: 'daily_delays',
  for: 'advance',
  verdict: 'fail',
  criteria: [
    { name: 'max_mismatch_rate', verdict: 'fail', observed: 0.0035, required: 0 },
    { name: 'min_keys', verdict: 'pass', observed: 3456, required: 100 },
    { name: 'consecutive_passes', verdict: 'inconclusive', observed: 1, required: 3 },
    { name: 'max_age', verdict: 'error', observed: null, required: '1h' },
  ],
  reasons: ['mismatch rate 0.0035 is above 0', '1 of 3 passes in a row'],
  comparison_id: '01J-0042',
  evidence: failing.evidence,
};

export const state: CanaryState = {
  pipeline: 'daily_delays',
  version: 6,
  stage: 'canary',
  step: 3,
  share_ppm: 250_000,
  plan_hash: 'd'.repeat(64),
  salt: 'daily_delays',
  approvals: [{ step: 50, by: 'ada', at: '2026-03-04T05:00:00.000Z' }],
  held_from: null,
  entered_comparison: '01J-0041',
  entered_at: '2026-03-04T05:00:00.000Z',
  reason: null,
};

export const canary: CanaryReport = {
  schema: 'cutover.canary/v1',
  pipeline: 'daily_delays',
  action: 'advance',
  applied: false,
  message: '1 of 3 cycles completed at 25%',
  refusal: 'dwell',
  state,
  plan: {
    steps: [1, 5, 10, 25, 50, 100],
    dwell: { cycles: 3 },
    approve: [50, 100],
    rollbackAt: 0.001,
    auto: false,
    salt: 'daily_delays',
  },
  dwell: { completed: 1, required: 3 },
  gate: { ...gate, verdict: 'pass', criteria: gate.criteria.slice(1, 2), reasons: [] },
  history: [6, 5, 4, 3, 2, 1].map((version) => ({
    pipeline: 'daily_delays',
    version,
    at: `2026-03-04T0${version - 1}:00:00.000Z`,
    actor: version === 6 ? 'cutover run' : 'ada',
    action: version === 2 ? 'rollback' : version === 1 || version === 3 ? 'start' : 'advance',
    from_stage: version === 1 ? 'shadow' : version === 3 ? 'rolled_back' : 'canary',
    to_stage: version === 2 ? 'rolled_back' : 'canary',
    from_share_ppm: [0, 10_000, 0, 10_000, 50_000, 100_000][version - 1] ?? 0,
    to_share_ppm: [10_000, 0, 10_000, 50_000, 100_000, 250_000][version - 1] ?? 0,
    reason: version === 2 ? 'mismatch rate 0.02 is above 0.001' : null,
    comparison_id: `01J-004${version}`,
  })),
};

export const route: RouteResult = {
  schema: 'cutover.route/v1',
  pipeline: 'daily_delays',
  key: ['2001-01-03', 'ORD'],
  side: 'stream',
  bucket: 123_456,
  share_ppm: 250_000,
  stage: 'canary',
  reason: 'bucket 123456 is below the share 250000',
};

export const doctor: DoctorResult = {
  schema: 'cutover.doctor/v1',
  checks: [
    { name: 'configuration', status: 'ok', detail: '2 pipelines in cutover.yaml', remedy: null },
    { name: 'log', status: 'warn', detail: 'no event in the last 3 days', remedy: 'Check that files still arrive.' },
    {
      name: 'store',
      status: 'fail',
      detail: 'another process has .cutover/cutover.duckdb open',
      remedy: 'Stop it first.',
    },
  ],
};

export const init: InitResult = {
  schema: 'cutover.init/v1',
  template: 'flights',
  directory: '/tmp/flights',
  files: ['cutover.yaml', 'sql/daily_delays.batch.sql'],
  next: ['cd /tmp/flights', 'cutover run --once'],
};

export const rebuilt: RebuildResult = {
  schema: 'cutover.rebuild/v1',
  pipelines: ['silver_events', 'daily_metrics'],
  events: 100_000,
  cut: { '0': '100000' },
  took: 2345,
};

/** Records as careless producers write them. */
export const quarantined: QuarantineResult = {
  schema: 'cutover.quarantine/v1',
  action: 'list',
  quarantined: 1204,
  tried: 0,
  landed: 0,
  records: [
    {
      partition: 'events/3',
      offset: 1_203_991,
      reason: `column "amount": 'a lot' does not fit decimal(18,2)`,
      raw: `{"event_id":"e1","amount":"a lot","note":"${'long '.repeat(60)}"}`,
      quarantined_at: '2026-03-04T05:06:07.000Z',
    },
    {
      partition: 'data/a "b".csv',
      offset: 9,
      reason: '2 values where the header names 3 columns',
      raw: '=1+1,\u001b[31mred\u001b[0m\r\n|<b>&`x`',
      quarantined_at: '2026-03-04T05:06:06.500Z',
    },
    {
      partition: 'events/0',
      offset: 7,
      reason: 'not valid UTF-8',
      raw: null,
      quarantined_at: '2026-03-04T04:00:00.000Z',
    },
  ],
  records_listed: 3,
};

export const retried: QuarantineResult = {
  ...quarantined,
  action: 'retry',
  quarantined: 1,
  tried: 1204,
  landed: 1203,
  records: quarantined.records.slice(0, 1),
  records_listed: 1,
};

export const views: ViewsResult = {
  schema: 'cutover.views/v1',
  action: 'list',
  views: [
    {
      view: 'realtime_kpis',
      description: 'Events, active users and revenue of the last hour',
      status: 'fresh',
      schedule: 'every 1m',
      refreshed_at: '2026-03-04T05:06:07.000Z',
      staleness_ms: 42_000,
      duration_ms: 118,
      rows: 1,
      changed_rows: 2,
      partitions: null,
      full_at: '2026-03-04T05:06:07.000Z',
      full_reason: null,
      corrected_rows: 0,
      side: 'mixed',
      sources: [{ pipeline: 'silver_events', side: 'mixed', share_ppm: 250_000 }],
      next_due: '2026-03-04T05:07:07.000Z',
      attempted_at: '2026-03-04T05:06:07.000Z',
      error: null,
      failures: 0,
    },
    {
      view: 'daily_summary',
      description: null,
      status: 'failed',
      schedule: '*/15 * * * *',
      refreshed_at: '2026-03-04T04:00:00.000Z',
      staleness_ms: 4_009_000,
      duration_ms: 2_310,
      rows: 1_234,
      changed_rows: 31,
      partitions: 3,
      full_at: '2026-03-03T12:00:00.000Z',
      full_reason: null,
      corrected_rows: 4,
      side: 'batch',
      sources: [{ pipeline: 'silver_events', side: 'batch', share_ppm: 0 }],
      next_due: '2026-03-04T05:15:00.000Z',
      attempted_at: '2026-03-04T05:00:00.000Z',
      error: 'SQL_FAILED: division by zero (sql/daily_summary.view.sql:8)',
      failures: 4,
    },
    {
      view: 'old_totals',
      description: null,
      status: 'removed',
      schedule: null,
      refreshed_at: '2026-02-01T00:00:00.000Z',
      staleness_ms: 2_696_809_000,
      duration_ms: 12,
      rows: 7,
      changed_rows: 0,
      partitions: null,
      full_at: '2026-02-01T00:00:00.000Z',
      full_reason: null,
      corrected_rows: 0,
      side: 'stream',
      sources: [{ pipeline: 'totals', side: 'stream', share_ppm: 1_000_000 }],
      next_due: null,
      attempted_at: '2026-02-01T00:00:00.000Z',
      error: null,
      failures: 0,
    },
  ],
};

export const refreshedView: ViewsResult = { ...views, action: 'refresh', views: views.views.slice(0, 1) };

export const runWithViews: RunSummary = {
  ...run,
  verdict: 'pass',
  comparisons: [passing],
  views: views.views.slice(0, 2),
};
