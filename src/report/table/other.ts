import { counted, grouped } from '../../model/counts.js';
import { formatElapsed } from '../../model/duration.js';
import type { DoctorCheck, DoctorResult, InitResult, RebuildResult } from '../../model/results.js';
import { cellText, visible } from '../cells.js';
import { ppmAsPercent } from '../numbers.js';
import type { RenderOptions } from '../options.js';
import type { RouteResult } from '../result.js';
import { cutText } from '../wording.js';
import { wrapped } from './layout.js';
import { painter } from './paint.js';
import type { Style } from './paint.js';

/** Which side a key reads, and why. */
export function routeTable(route: RouteResult, options: RenderOptions): string {
  const paint = painter(options.color);
  const key = route.key === null ? 'a missing key' : `key ${route.key.map(cellText).join(', ')}`;
  const bucket = route.bucket === null ? 'none' : `${grouped(route.bucket)} of 1,000,000`;
  return [
    `${paint(route.side.toUpperCase(), 'bold', route.side === 'stream' ? 'cyan' : 'yellow')} ${paint(visible(`${route.pipeline}: ${key}`), 'bold')}`,
    `  ${visible(route.reason)}`,
    `  ${paint('bucket', 'dim')} ${bucket}   ${paint('share', 'dim')} ${grouped(route.share_ppm)} (${ppmAsPercent(route.share_ppm)})   ${paint('stage', 'dim')} ${route.stage}`,
    '',
  ].join('\n');
}

const CHECK: Readonly<Record<DoctorCheck['status'], readonly [mark: string, style: Style]>> = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✗', 'red'],
};

/** Each check with its detail, and what to do about those that are not well. */
export function doctorTable(doctor: DoctorResult, options: RenderOptions): string {
  const paint = painter(options.color);
  const width = Math.max(4, ...doctor.checks.map(({ name }) => visible(name).length));
  const lines = doctor.checks.flatMap((check) => {
    const [mark, style] = CHECK[check.status];
    const room = Math.max(20, options.width - width - 6);
    // A configuration may have many problems, one a line.
    const detail = check.detail.split('\n').flatMap((line) => wrapped(visible(line), room));
    const remedy =
      check.remedy === null ? [] : wrapped(`help: ${visible(check.remedy)}`, room).map((line) => paint(line, 'cyan'));
    return [...detail, ...remedy].map((line, index) =>
      index === 0
        ? `  ${paint(mark, style)} ${visible(check.name).padEnd(width)}  ${line}`
        : `${' '.repeat(width + 6)}${line}`,
    );
  });
  const failed = doctor.checks.filter(({ status }) => status === 'fail').length;
  const warned = doctor.checks.filter(({ status }) => status === 'warn').length;
  const parts = [
    failed === 0 ? '' : `${counted(failed, 'check')} failed`,
    warned === 0 ? '' : counted(warned, 'warning'),
  ].filter(Boolean);
  const verdict =
    parts.length === 0
      ? paint(`all ${counted(doctor.checks.length, 'check')} well`, 'green')
      : paint(parts.join(', '), failed > 0 ? 'red' : 'yellow');
  return `${[...lines, '', verdict].join('\n')}\n`;
}

export function initTable(init: InitResult, options: RenderOptions): string {
  const paint = painter(options.color);
  return [
    paint(visible(`Wrote template ${init.template} to ${init.directory}`), 'bold'),
    ...init.files.map((file) => `  ${visible(file)}`),
    '',
    paint('Next', 'bold'),
    ...init.next.map((command) => `  ${paint(visible(command), 'cyan')}`),
    '',
  ].join('\n');
}

export function rebuildTable(rebuild: RebuildResult, options: RenderOptions): string {
  const paint = painter(options.color);
  const what = `Rebuilt ${rebuild.pipelines.join(', ')} from ${counted(rebuild.events, 'event')} in ${formatElapsed(rebuild.took)}`;
  return `${paint(visible(what), 'bold')}\n  ${paint('cut', 'dim')} ${visible(cutText(rebuild.cut))}\n`;
}
