import type { Advice } from '../../model/advice.js';
import { visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { displayWidth, table, wrapped } from '../table/layout.js';
import { painter } from '../table/paint.js';
import type { Paint } from '../table/paint.js';
import { costLatencyLines, overTimeLines } from './charts-text.js';
import { sectionsOf } from './document.js';
import type { Block } from './document.js';

const INDENT = 2;
const GAP = 2;
/** Prose is not wrapped narrower than this. */
const PROSE_LEAST = 20;

/** Advice for people at a terminal. */
export function adviceTable(advice: Advice, options: RenderOptions): string {
  const paint = painter(options.color);
  const sections = sectionsOf(advice).flatMap(({ title, blocks }) => [
    '',
    paint(visible(title), 'bold'),
    ...blocks.flatMap((block) => linesOf(block, advice, options, paint)),
  ]);
  const lines = [paint(visible(`Advice on ${advice.name}`), 'bold', 'cyan'), ...sections];
  return `${lines.filter((line, index) => line !== '' || lines[index - 1] !== '').join('\n')}\n`;
}

function linesOf(block: Block, advice: Advice, options: RenderOptions, paint: Paint): string[] {
  const room = Math.max(20, options.width - 4);
  switch (block.kind) {
    case 'text':
      return wrapped(visible(block.text), room).map((line) => `  ${line}`);
    case 'list': {
      const mark = block.mark === 'warning' ? paint('!', 'yellow') : paint('-', 'dim');
      return block.items.flatMap((item) =>
        wrapped(visible(item), room).map((line, index) => (index === 0 ? `  ${mark} ${line}` : `    ${line}`)),
      );
    }
    case 'table':
      return table(
        block.columns.map(({ header, align }) => (align === undefined ? { header } : { header, align })),
        unfolded(block, options.width).map((row) => row.map((text) => ({ text }))),
        { paint, width: options.width },
      );
    case 'chart': {
      const lines = block.chart === 'cost-latency' ? costLatencyLines(advice) : overTimeLines(advice, options.width);
      return ['', ...lines.map((line) => `  ${line}`), ''];
    }
  }
}

/** The rows of a table with prose broken into lines, each in a row of its own, so that nothing has to be cut. */
function unfolded({ columns, rows }: Extract<Block, { kind: 'table' }>, width: number): string[][] {
  const shown = rows.map((row) => row.map(visible));
  const widths = columns.map(({ header }, index) =>
    Math.max(displayWidth(header), ...shown.map((row) => displayWidth(row[index] ?? ''))),
  );
  const proses = columns.flatMap(({ prose }, index) => (prose === true ? [index] : []));
  const fixed = widths.reduce((sum, one, index) => (proses.includes(index) ? sum : sum + one), 0);
  let room = width - INDENT - GAP * (columns.length - 1) - fixed;
  // The narrow ones first: what they do not need is for the wide ones.
  for (const [index, column] of [...proses].sort((a, b) => (widths[a] ?? 0) - (widths[b] ?? 0)).entries()) {
    const share = Math.max(PROSE_LEAST, Math.floor(room / (proses.length - index)));
    widths[column] = Math.min(widths[column] ?? 0, share);
    room -= widths[column] ?? 0;
  }
  return shown.flatMap((row) => {
    const lines = row.map((cell, index) => (proses.includes(index) ? wrapped(cell, widths[index] ?? 0) : [cell]));
    const height = Math.max(...lines.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => lines.map((cell) => cell[line] ?? ''));
  });
}
