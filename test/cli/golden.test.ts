import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Discrepancy } from '../../src/model/comparison.js';
import { FORMATS } from '../../src/report/options.js';
import type { Format } from '../../src/report/options.js';
import { render } from '../../src/report/render.js';
import type { Result } from '../../src/report/result.js';
import { differing, diffs, plan } from './diff-samples.js';
import * as samples from './samples.js';

/** `UPDATE_GOLDEN=1 npx vitest run test/cli` writes the files anew: look at what changed before you keep it. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const ENDINGS: Readonly<Record<Format, string>> = {
  table: 'txt',
  json: 'json',
  ndjson: 'ndjson',
  csv: 'csv',
  junit: 'xml',
  markdown: 'md',
};

const RESULTS: Readonly<Record<string, Result>> = {
  'comparison-fail': samples.failing,
  'comparison-pass': samples.passing,
  'comparison-empty': samples.empty,
  run: samples.run,
  gate: samples.gate,
  canary: samples.canary,
  route: samples.route,
  quarantine: samples.quarantined,
  'quarantine-retry': samples.retried,
  views: samples.views,
  'views-refresh': samples.refreshedView,
  'run-views': samples.runWithViews,
  doctor: samples.doctor,
  init: samples.init,
  rebuild: samples.rebuilt,
  plan,
  ...diffs,
};

function expectGolden(name: string, text: string): void {
  const file = new URL(`golden/${name}`, import.meta.url);
  if (UPDATE) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('every result in every format', () => {
  for (const [name, result] of Object.entries(RESULTS)) {
    for (const format of FORMATS) {
      it(`${name} as ${format}`, () => {
        expectGolden(`${name}.${ENDINGS[format]}`, render(result, format, { color: false, width: 100, limit: 20 }));
      });
    }
  }
});

describe('tables', () => {
  it('fit into a narrow terminal and show what was cut', () => {
    const text = render(samples.failing, 'table', { color: false, width: 72, limit: 3 });
    expectGolden('comparison-fail-narrow.txt', text);
  });

  it('of two tables fit as well', () => {
    const text = render(differing, 'table', { color: false, width: 72, limit: 3 });
    expectGolden('diff-fail-narrow.txt', text);
  });

  it('of a doctor have a line for each problem, and still obey no control character', () => {
    const detail = 'a.yaml:1:1 a: is missing\na.yaml:2:1 b: is \u001b[1m missing';
    const checks = [{ name: 'configuration', status: 'fail', detail, remedy: null }] as const;
    const text = render({ ...samples.doctor, checks }, 'table', { color: false, width: 100, limit: 3 });
    expect(text.split('\n').slice(0, 2)).toEqual([
      '  ✗ configuration  a.yaml:1:1 a: is missing',
      '                   a.yaml:2:1 b: is \\x1b[1m missing',
    ]);
  });

  it('show as much of two values as there is room for, and where they differ', () => {
    const [day, rest] = ['2001-03-07', '10:06:07.12345'];
    const late: Discrepancy = {
      key: { id: 77 },
      kind: 'value_mismatch',
      columns: { seen_at: { batch: `${day} ${rest}6`, stream: `${day} ${rest}7` } },
      first_seen: null,
      cause: null,
    };
    const text = (width: number): string =>
      render({ ...differing, discrepancies: [late] }, 'table', { color: false, width, limit: 3 });
    expect(text(100)).toContain(`${day} ${rest}6  ->  ${day} ${rest}7`);
    expect(text(72)).toContain('2001-…3456  ->  2001-…3457');
  });

  it.each([samples.failing, differing])('with colour show the same text', (result) => {
    const colored = render(result, 'table', { color: true, width: 100, limit: 20 });
    expect(colored).toContain('\u001b[');
    // eslint-disable-next-line no-control-regex -- colours are what is taken away
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(render(result, 'table', { color: false, width: 100, limit: 20 }));
  });
});
