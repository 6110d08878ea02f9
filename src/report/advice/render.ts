import type { Advice } from '../../model/advice.js';
import { jsonText } from '../cells.js';
import type { AdviceFormat, RenderOptions } from '../options.js';
import { adviceHtml } from './html.js';
import { adviceMarkdown } from './markdown.js';
import { adviceTable } from './table.js';

/** The text of advice in a format, ending with a line break. */
export function renderAdvice(advice: Advice, format: AdviceFormat, options: RenderOptions): string {
  switch (format) {
    case 'json':
      return `${jsonText(advice, 2)}\n`;
    case 'markdown':
      return adviceMarkdown(advice);
    case 'html':
      return adviceHtml(advice);
    case 'table':
      return adviceTable(advice, options);
  }
}
