import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronProblem } from './cron.js';
import { decimalText } from './decimal.js';
import { dependencyOrder } from './order.js';
import { formatPath, problemsError, shownFile } from './problems.js';
import { editDistance, hint, suggestion } from './suggest.js';
import { mask, substitute, unmask } from './variables.js';

describe('decimalText', () => {
  it.each([
    ['0', '0'],
    ['-0.0', '0'],
    ['007', '7'],
    ['+.5', '0.5'],
    ['5.', '5'],
    ['2.50', '2.5'],
    ['1e-9', '0.000000001'],
    ['1.5E3', '1500'],
    ['12.345e1', '123.45'],
    ['12.345e-1', '1.2345'],
    ['-1.20e-2', '-0.012'],
    ['0.10000000000000000000000001', '0.10000000000000000000000001'],
  ])('%s -> %s', (text, plain) => expect(decimalText(text)).toBe(plain));

  it.each(['', '.', 'e5', '1e', '1e101', '0x10', '1,5', 'Infinity', 'NaN', '1 2', '--1'])('%j is none', (text) =>
    expect(decimalText(text)).toBeUndefined(),
  );

  it('keeps the value: the same number as the text it came from', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
        fc.integer({ min: -30, max: 30 }),
        (digits, exponent) => {
          const plain = decimalText(`${digits}e${exponent}`) ?? '';
          expect(plain).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
          // Scaled by 10^30 both are whole numbers and can be compared exactly.
          const [whole = '', fraction = ''] = plain.split('.');
          const scaled = BigInt(whole + fraction.padEnd(30, '0'));
          expect(scaled).toBe(digits * 10n ** BigInt(exponent + 30));
        },
      ),
    );
  });
});

describe('cronProblem', () => {
  it.each(['* * * * *', '*/15 0-6,22 1 jan-mar,12 mon', '0 0 31 12 7', ' 5  4 * * SUN '])('%j is fine', (text) =>
    expect(cronProblem(text)).toBeUndefined(),
  );
  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '5/2 * * * *',
    '1,,2 * * * *',
    '1-2-3 * * * *',
    '* * * mon *',
  ])('%j is not', (text) => expect(cronProblem(text)).toEqual(expect.any(String)));
});

describe('suggestion', () => {
  it('finds the nearest known word, swaps and dashes included', () => {
    expect(suggestion('kye', ['name', 'key'])).toBe('key');
    expect(suggestion('max-wait', ['max_events', 'max_wait'])).toBe('max_wait');
    expect(suggestion('nothing', ['key', 'after'])).toBeUndefined();
    expect(suggestion('x'.repeat(61), ['x'.repeat(60)])).toBeUndefined();
    expect(hint('aftr', ['key', 'after'])).toBe('; did you mean "after"?');
    expect(hint('zzzzz', ['key', 'after'])).toBe('; known are: key, after');
  });

  it('measures symmetric distances that are 0 only for equal words', () => {
    const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('dependencyOrder', () => {
  const graph = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 })
    .chain((names) =>
      fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), after: fc.subarray(names) }))),
    );

  it('puts everything after what it names, or names a real circle', () => {
    fc.assert(
      fc.property(graph, (items) => {
        const order = dependencyOrder(items);
        if (order.kind === 'ordered') {
          const names = order.items.map((item) => item.name);
          expect([...names].sort()).toEqual(items.map((item) => item.name).sort());
          for (const item of items)
            for (const other of item.after) expect(names.indexOf(other)).toBeLessThan(names.indexOf(item.name));
        } else {
          expect(order.circle.length).toBeGreaterThan(1);
          expect(order.circle.at(-1)).toBe(order.circle[0]);
          for (const [index, name] of order.circle.slice(0, -1).entries()) {
            expect(items.find((item) => item.name === name)?.after).toContain(order.circle[index + 1]);
          }
        }
      }),
    );
  });

  it('leaves what does not depend on anything where it is', () => {
    const items = ['c', 'a', 'b'].map((name) => ({ name, after: [] }));
    expect(dependencyOrder(items)).toEqual({ kind: 'ordered', items });
  });
});

describe('variables', () => {
  const env = { A: 'x', EMPTY: '', B: '${A}' };
  it.each([
    ['a ${A} b ${A}', 'a x b x'],
    ['${EMPTY}', ''],
    ['${EMPTY:-d}', 'd'],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$A $ {A} $', '$A $ {A} $'],
    ['${B}', '${A}'],
  ])('%s -> %s', (text, out) => expect(substitute(text, env)).toMatchObject({ text: out, unset: [], malformed: [] }));

  it('reports what is not set and what cannot be read', () => {
    expect(substitute('${NONE} ${A}', env)).toMatchObject({ unset: ['NONE'], substituted: true });
    for (const text of ['${', '${A', '${}', '${1}', '${A B}', '${A:+b}']) {
      expect(substitute(text, env).malformed).toHaveLength(1);
    }
  });

  it('are masked without moving anything, and come back', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('${A}', '$${A}', '${A:-{x, y}', '${', '}', '$', '\n'),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        fc.pre(!/[\uE000-\uE07F]/.test(text));
        expect(mask(text)).toHaveLength(text.length);
        expect(
          mask(text)
            .split('\n')
            .map((line) => line.length),
        ).toEqual(text.split('\n').map((line) => line.length));
        expect(mask(text)).not.toMatch(/\$\{[A-Z]\}/);
        expect(unmask(mask(text))).toBe(text);
      }),
    );
    expect(mask('\uE001 ${A}')).toBe('\uE001 ${A}');
  });
});

describe('problems', () => {
  it('have a path and a file that read well', () => {
    expect(formatPath(['pipelines', 'a', 'steps', 2, 'a b', 'x\n'])).toBe('pipelines.a.steps[2]["a b"]["x\\n"]');
    expect(shownFile('/w/x/cutover.yaml', '/w')).toBe('x/cutover.yaml');
    expect(shownFile('/v/cutover.yaml', '/w')).toBe('/v/cutover.yaml');
    expect(shownFile('../v/cutover.yaml', '/w')).toBe('../v/cutover.yaml');
  });

  it('take their code from the most basic one and their place from the first one', () => {
    const error = problemsError(
      [
        { code: 'CONFIG_INVALID', path: ['b'], message: 'two', position: { line: 3, column: 1 } },
        { code: 'CONFIG_FILE_MISSING', path: ['a'], message: 'one', position: { line: 2, column: 9 } },
      ],
      '/w/c.yaml',
      'c.yaml',
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.place).toEqual({ file: '/w/c.yaml', line: 2, column: 9, path: 'a' });
    expect(error.message).toBe('c.yaml:2:9 a: one\nc.yaml:3:1 b: two');
  });
});
