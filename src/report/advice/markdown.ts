import type { Advice } from '../../model/advice.js';
import { plain } from '../markdown.js';
import { costLatencyLines, overTimeLines } from './charts-text.js';
import { sectionsOf } from './document.js';
import type { Block } from './document.js';

const CHART_WIDTH = 90;

/** Advice as GitHub-flavoured Markdown; charts are text. */
export function adviceMarkdown(advice: Advice): string {
  const sections = sectionsOf(advice).flatMap(({ title, blocks }) => [
    `## ${plain(title)}`,
    '',
    ...blocks.flatMap((block) => [...linesOf(block, advice), '']),
  ]);
  return `${[`# Advice on ${plain(advice.name)}`, '', ...sections].join('\n').trimEnd()}\n`;
}

function linesOf(block: Block, advice: Advice): string[] {
  switch (block.kind) {
    case 'text':
      return [plain(block.text)];
    case 'list':
      return block.items.map((item) => `- ${block.mark === 'warning' ? '⚠️ ' : ''}${plain(item)}`);
    case 'table': {
      const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [
        line(block.columns.map(({ header }) => plain(header))),
        line(block.columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
        ...block.rows.map((row) => line(row.map(plain))),
      ];
    }
    case 'chart': {
      const lines = block.chart === 'cost-latency' ? costLatencyLines(advice) : overTimeLines(advice, CHART_WIDTH);
      return ['```text', ...lines, '```'];
    }
  }
}
