import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Discrepancy } from '../model/comparison.js';
import { failing } from '../../test/cli/samples.js';
import { renderCsv } from './csv.js';

const OPTIONS = { color: false, width: 100, limit: 1000 };

/** A reader of RFC 4180 that tells an empty field (null) from the empty text. */
function read(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    row.push(match[1] === undefined ? match[2] || null : match[1].replaceAll('""', '"'));
    if (match[3] !== ',') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

const nasty = fc.option(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', '=', '\u001b', '東') }));

it('gives every value back as it was, NULL and the empty text apart', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(nasty, nasty, nasty), { minLength: 1 }), (values) => {
      const discrepancies = values.map(([key, batch, stream]): Discrepancy => ({
        key: { id: key },
        kind: 'value_mismatch',
        columns: { c: { batch, stream } },
        first_seen: null,
        cause: null,
      }));
      const rows = read(renderCsv({ ...failing, discrepancies }, OPTIONS));
      expect(rows).toEqual([
        ['id', 'kind', 'column', 'batch', 'stream'],
        ...values.map(([key, batch, stream]) => [key, 'value_mismatch', 'c', batch, stream]),
      ]);
    }),
  );
});

it('keeps the name of a key column apart from its own', () => {
  const discrepancies: Discrepancy[] = [
    { key: { kind: 'x' }, kind: 'null_key', columns: {}, first_seen: null, cause: null },
  ];
  expect(renderCsv({ ...failing, discrepancies }, OPTIONS)).toBe(
    'key.kind,kind,column,batch,stream\r\nx,null_key,,,\r\n',
  );
});
