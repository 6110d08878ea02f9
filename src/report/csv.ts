import type { Cell } from '../model/cell.js';
import { discrepancyCount } from '../model/comparison.js';
import { limited } from './json.js';
import type { RenderOptions } from './options.js';
import type { AnyComparison, Result } from './result.js';

const FIXED = ['kind', 'column', 'batch', 'stream'] as const;

/**
 * Comma-separated values as in RFC 4180: a header line, CRLF after each line, quotes only where needed.
 * NULL is an empty field, the empty text is `""`. Values are never altered (see docs/cli.md on formulas in spreadsheets).
 */
export function renderCsv(result: Result, options: RenderOptions): string {
  return rowsOf(limited(result, options.limit))
    .map((row) => `${row.map(field).join(',')}\r\n`)
    .join('');
}

function field(value: Cell): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rowsOf(result: Result): readonly (readonly Cell[])[] {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return discrepancyRows(result);
    case 'cutover.run/v1':
      return [
        [
          'pipeline',
          'comparison_id',
          'verdict',
          'keys_compared',
          'matched',
          'tolerated',
          'differing',
          'mismatch_rate',
          'finished_at',
        ],
        ...result.comparisons.map((one) => [
          one.pipeline,
          one.comparison_id,
          one.verdict,
          one.keys_compared,
          one.matched,
          one.tolerated,
          discrepancyCount(one),
          one.mismatch_rate,
          one.finished_at,
        ]),
      ];
    case 'cutover.gate/v1':
      return [
        ['pipeline', 'for', 'criterion', 'verdict', 'observed', 'required'],
        ...result.criteria.map((one) => [
          result.pipeline,
          result.for,
          one.name,
          one.verdict,
          one.observed,
          one.required,
        ]),
      ];
    case 'cutover.canary/v1':
      return [
        [
          'pipeline',
          'version',
          'at',
          'actor',
          'action',
          'from_stage',
          'to_stage',
          'from_share_ppm',
          'to_share_ppm',
          'reason',
          'comparison_id',
        ],
        ...result.history.map((one) => [
          one.pipeline,
          one.version,
          one.at,
          one.actor,
          one.action,
          one.from_stage,
          one.to_stage,
          one.from_share_ppm,
          one.to_share_ppm,
          one.reason,
          one.comparison_id,
        ]),
      ];
    case 'cutover.route/v1':
      return [
        ['pipeline', 'key', 'side', 'bucket', 'share_ppm', 'stage', 'reason'],
        [result.pipeline, result.key, result.side, result.bucket, result.share_ppm, result.stage, result.reason],
      ];
    case 'cutover.quarantine/v1':
      return [
        ['partition', 'offset', 'quarantined_at', 'reason', 'raw'],
        ...result.records.map((one) => [one.partition, one.offset, one.quarantined_at, one.reason, one.raw]),
      ];
    case 'cutover.views/v1':
      return [
        [
          'view',
          'status',
          'refreshed_at',
          'staleness_ms',
          'duration_ms',
          'rows',
          'changed_rows',
          'partitions',
          'side',
          'schedule',
          'next_due',
          'failures',
          'error',
        ],
        ...result.views.map((one) => [
          one.view,
          one.status,
          one.refreshed_at,
          one.staleness_ms,
          one.duration_ms,
          one.rows,
          one.changed_rows,
          one.partitions,
          one.side,
          one.schedule,
          one.next_due,
          one.failures,
          one.error,
        ]),
      ];
    case 'cutover.doctor/v1':
      return [
        ['check', 'status', 'detail', 'remedy'],
        ...result.checks.map((one) => [one.name, one.status, one.detail, one.remedy]),
      ];
    case 'cutover.init/v1':
      return [['template', 'file'], ...result.files.map((file) => [result.template, file])];
    case 'cutover.rebuild/v1':
      return [
        ['pipeline', 'events', 'took_ms'],
        ...result.pipelines.map((pipeline) => [pipeline, result.events, result.took]),
      ];
    case 'cutover.plan/v1':
      return [
        ['batch', 'stream', 'batch_rows', 'stream_rows', 'bytes_to_send', 'network', 'place', 'strategy', 'buckets'],
        [
          result.sides.batch,
          result.sides.stream,
          result.rows.batch.count,
          result.rows.stream.count,
          result.bytes_to_send,
          result.network,
          result.place,
          result.strategy,
          result.buckets,
        ],
      ];
  }
}

/** A row for each differing column; the key's columns come first, with `key.` before a name that is taken. */
function discrepancyRows(comparison: AnyComparison): readonly (readonly Cell[])[] {
  const keyColumns = Object.keys(comparison.discrepancies[0]?.key ?? {});
  const header = [
    ...keyColumns.map((name) => (FIXED.some((fixed) => fixed === name) ? `key.${name}` : name)),
    ...FIXED,
  ];
  const rows = comparison.discrepancies.flatMap((discrepancy) => {
    const head = [...keyColumns.map((name) => discrepancy.key[name] ?? null), discrepancy.kind];
    const columns = Object.entries(discrepancy.columns);
    if (columns.length === 0) return [[...head, null, null, null]];
    return columns.map(([name, { batch, stream }]) => [...head, name, batch, stream]);
  });
  return [header, ...rows];
}
