import type { Advice } from '../../model/advice.js';
import { costLatencySvg, overTimeSvg } from './charts-svg.js';
import { amount, sectionsOf } from './document.js';
import type { Block } from './document.js';
import { escaped } from './html-text.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --panel: #f6f8fa; --rule: #d0d7de; --cost: #b3541e; --value: #1a6fb5; --point: #1a6fb5; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --panel: #161b22; --rule: #30363d; --cost: #f0965a; --value: #6cb6ff; --point: #6cb6ff; --warn: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
.answer { background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; padding: .4rem 1.2rem; }
.answer h2 { border: 0; margin-top: .6rem; }
li.warning { list-style: '! '; color: var(--warn); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); overflow-wrap: normal; }
th { color: var(--soft); font-weight: 600; }
.right { text-align: right; white-space: nowrap; }
figure { margin: 1rem 0; }
svg { width: 100%; height: auto; background: var(--panel); border-radius: 8px; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg text.axis { fill: var(--soft); }
svg text.cost { fill: var(--cost); font-weight: 600; }
svg text.value { fill: var(--value); font-weight: 600; }
svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--soft); }
svg .line { fill: none; stroke-width: 2.5; } svg .line.cost { stroke: var(--cost); stroke-dasharray: 7 4; } svg .line.value { stroke: var(--value); }
svg .meet { stroke: var(--soft); stroke-dasharray: 2 4; }
svg .point { fill: var(--point); stroke: var(--panel); stroke-width: 2; }
summary { color: var(--soft); cursor: pointer; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
`;

/** Advice as one file: no script, nothing from elsewhere, light and dark, every chart with its words and numbers beside it. */
export function adviceHtml(advice: Advice): string {
  const sections = sectionsOf(advice).map(({ title, blocks }, index) => {
    const inner = blocks.map((block) => blockOf(block, advice)).join('\n');
    return `<section${index === 0 ? ' class="answer"' : ''}>\n<h2>${escaped(title)}</h2>\n${inner}\n</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`Advice on ${advice.name}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(`Advice on ${advice.name}`)}</h1>
${sections.join('\n')}
</main>
<footer>Made by cutover advise. The formulas stand in docs/advise.md.</footer>
</body>
</html>
`;
}

function blockOf(block: Block, advice: Advice): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'list': {
      const kind = block.mark === undefined ? '' : ` class="${block.mark}"`;
      return `<ul>\n${block.items.map((item) => `<li${kind}>${escaped(item)}</li>`).join('\n')}\n</ul>`;
    }
    case 'table':
      return tableOf(
        block.columns.map(({ header, align }) => ({ header, right: align === 'right' })),
        block.rows,
      );
    case 'chart':
      return block.chart === 'cost-latency'
        ? `<figure>\n${costLatencySvg(advice)}\n</figure>`
        : `<figure>\n${overTimeSvg(advice)}\n<details>\n<summary>The same as numbers</summary>\n${monthsOf(advice)}\n</details>\n</figure>`;
  }
}

function monthsOf({ break_even: { over_time: points } }: Advice): string {
  return tableOf(
    ['month', 'costs more', 'value', 'value less costs'].map((header) => ({ header, right: true })),
    points.map(({ month, cost, value }) => [String(month), amount(cost), amount(value), amount(value - cost)]),
  );
}

function tableOf(columns: readonly { header: string; right: boolean }[], rows: readonly (readonly string[])[]): string {
  const kind = (index: number): string => (columns[index]?.right === true ? ' class="right"' : '');
  const head = columns.some(({ header }) => header !== '')
    ? `<thead><tr>${columns.map(({ header }, index) => `<th scope="col"${kind(index)}>${escaped(header)}</th>`).join('')}</tr></thead>\n`
    : '';
  const body = rows.map(
    (row) => `<tr>${row.map((cell, index) => `<td${kind(index)}>${escaped(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="wide"><table>\n${head}<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>`;
}
