import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delimiterOf, recordEnd, splitRecord } from './csv-syntax.js';

describe('splitRecord', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['a,,', ['a', null, null]],
    ['"",', ['', null]],
    ['"a,""b""\n",c', ['a,"b"\n', 'c']],
    ['5" pipe,"x"', ['5" pipe', 'x']],
    ['', [null]],
    ['"a"b,c', undefined],
    ['"a', undefined],
  ])('%j', (record, values) => {
    expect(splitRecord(record, ',')).toEqual(values);
  });
});

describe('recordEnd', () => {
  it('finds the ends of the records that were written, whatever they hold', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('"', '\n', '\r', ',', 'a', 'é') }));
    fc.assert(
      fc.property(fc.array(fc.array(value, { minLength: 2, maxLength: 3 })), (records) => {
        const quote = (text: string | null): string => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
        const bytes = Buffer.from(records.map((record) => `${record.map(quote).join(',')}\n`).join(''));
        const found: unknown[] = [];
        for (let at = 0; at < bytes.length;) {
          const end = recordEnd(bytes, at, 0x2c);
          expect(end.closed).toBe(true);
          found.push(splitRecord(bytes.subarray(at, end.next - 1).toString(), ','));
          at = end.next;
        }
        expect(found).toEqual(records);
      }),
    );
  });

  it('tells an open quote and counts line breaks', () => {
    expect(recordEnd(Buffer.from('a,"b\n\nc'), 0, 0x2c)).toEqual({ next: 7, breaks: 2, closed: false, quoted: true });
    expect(recordEnd(Buffer.from('a,b"\nc'), 0, 0x2c)).toEqual({ next: 5, breaks: 0, closed: true, quoted: false });
  });
});

describe('delimiterOf', () => {
  it.each([
    ['a,b', ','],
    ['a;b;c', ';'],
    ['a\tb', '\t'],
    ['"x,y,z"|b', '|'],
    ['alone', ','],
  ])('%j', (header, delimiter) => {
    expect(delimiterOf(header)).toBe(delimiter);
  });
});
