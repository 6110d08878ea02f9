import { jsonText } from './cells.js';
import type { RenderOptions } from './options.js';
import { capped, newest } from './result.js';
import type { Result } from './result.js';

/** The result as it is promised in docs/cli.md, with the lists capped. */
export function limited(result: Result, limit: number): Result {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return capped(result, limit);
    case 'cutover.run/v1':
      return { ...result, comparisons: result.comparisons.map((comparison) => capped(comparison, limit)) };
    case 'cutover.canary/v1':
      return { ...result, history: newest(result.history, limit) };
    case 'cutover.quarantine/v1': {
      const records = result.records.slice(0, limit);
      return { ...result, records, records_listed: records.length };
    }
    default:
      return result;
  }
}

/** One JSON document. */
export function renderJson(result: Result, options: RenderOptions): string {
  return `${jsonText(limited(result, options.limit), 2)}\n`;
}
