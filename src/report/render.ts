import { renderCsv } from './csv.js';
import { renderJson } from './json.js';
import { renderJunit } from './junit.js';
import { renderMarkdown } from './markdown.js';
import { renderNdjson } from './ndjson.js';
import type { Format, RenderOptions } from './options.js';
import type { Result } from './result.js';
import { renderTable } from './table/table.js';

const RENDERERS: Readonly<Record<Format, (result: Result, options: RenderOptions) => string>> = {
  table: renderTable,
  json: renderJson,
  ndjson: renderNdjson,
  csv: renderCsv,
  junit: renderJunit,
  markdown: renderMarkdown,
};

/** The text of a result in a format, ending with a line break. */
export function render(result: Result, format: Format, options: RenderOptions): string {
  return RENDERERS[format](result, options);
}
