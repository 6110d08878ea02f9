import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Discrepancy } from '../model/comparison.js';
import { failing } from '../../test/cli/samples.js';
import { renderMarkdown } from './markdown.js';

const OPTIONS = { color: false, width: 100, limit: 100 };

describe('markdown', () => {
  it('keeps every row a row of five cells, whatever the values', () => {
    const nasty = fc.string({ unit: fc.constantFrom('a', '|', '`', '\\', '\n', '<', '&', ' ', '*') });
    fc.assert(
      fc.property(nasty, nasty, (batch, stream) => {
        const one: Discrepancy = {
          key: { id: batch },
          kind: 'value_mismatch',
          columns: { c: { batch, stream } },
          first_seen: null,
          cause: null,
        };
        const text = renderMarkdown({ ...failing, discrepancies: [one] }, OPTIONS);
        const row = text.split('\n').find((line) => line.includes('| value mismatch | `c` |')) ?? '';
        expect(row.split('|')).toHaveLength(7);
      }),
    );
  });

  it('shows what could be markup as it is: an entity stays whole', () => {
    const text = renderMarkdown({ ...failing, reasons: ['a = b [c] #1 @ada'] }, OPTIONS);
    expect(text).toContain('- a &#61; b &#91;c&#93; #<!-- -->1 @<!-- -->ada\n');
  });

  it('lets no text from elsewhere be markup, a link, a mention or a reference', () => {
    const text = renderMarkdown({ ...failing, reasons: ['<img> [a](b) @ada #1 https://x.y *b* _c_ `d`'] }, OPTIONS);
    const line = text.split('\n').find((one) => one.startsWith('- ')) ?? '';
    expect(line).not.toMatch(/<(?!!-- -->)|\[|\]|@(?!<!)|#(?![<\d])|:\/\/|\*|_|`/);
  });
});
