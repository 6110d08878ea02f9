import fc from 'fast-check';
import { CutoverError } from '../model/errors.js';
import { describe, expect, it } from 'vitest';
import { singleStatement, splitStatements, sqlFailed } from './sql-script.js';

describe('splitStatements', () => {
  it('keeps what stands in quotes and comments together', () => {
    const parts = [
      `SELECT 'a;b', 'it''s;', "c;""d", E'\\';', e'x\\\\'`,
      '/* a; comment */ SELECT 1 -- and; another\n + 2',
      'SELECT $$ body; $$, $t1$ $$; $t1$',
      `SELECT DATE'2024-01-01', 'c:\\'`,
    ];
    const texts = splitStatements(parts.join(';\n')).map(({ text }) => text);
    expect(texts).toEqual([parts[0], 'SELECT 1 -- and; another\n + 2', parts[2], parts[3]]);
  });

  it('gives the place of the first word, past comments', () => {
    const script = '\n-- first; the totals\n\n  UPDATE a;DELETE FROM b\n;/* x\n y */ SELECT 1;\n-- the end;\n';
    expect(splitStatements(script)).toEqual([
      { text: 'UPDATE a', line: 4, column: 3 },
      { text: 'DELETE FROM b', line: 4, column: 12 },
      { text: 'SELECT 1', line: 6, column: 7 },
    ]);
  });

  it('leaves out what holds no statement', () => {
    expect(splitStatements(' ;; -- nothing;\n; /* ; */ ')).toEqual([]);
  });

  it('finds any list of statements again, with their lines', () => {
    const piece = fc.constantFrom(`'a;''b'`, '"x;"', '/* ; */', '-- ;\n', '$$ ; $$', 'word', ' ', '\n', '1');
    const statement = fc.array(piece, { maxLength: 8 }).map((pieces) => `SELECT ${pieces.join(' ')}\n`);
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 5 }), (statements) => {
        const found = splitStatements(statements.join(';'));
        expect(found.map(({ text }) => text)).toEqual(statements.map((text) => text.trim()));
        const lines = statements.map((_, i) => statements.slice(0, i).join(';').split('\n').length);
        expect(found.map(({ line }) => line)).toEqual(lines);
      }),
    );
  });
});

describe('singleStatement', () => {
  it('refuses none and several', () => {
    const source = (text: string): { path: string; text: string } => ({ path: '/a.sql', text });
    expect(singleStatement(source('SELECT 1; -- done')).text).toBe('SELECT 1');
    expect(() => singleStatement(source('-- nothing'))).toThrow(/0 statements/);
    expect(() => singleStatement(source('SELECT 1;\nSELECT 2'))).toThrow(/2 statements/);
  });
});

describe('sqlFailed', () => {
  const message = (line: number, text: string, caret: number): Error =>
    new Error(`Binder Error: no column\n\nLINE ${line}: ${text}\n${' '.repeat(`LINE ${line}: `.length + caret)}^`);
  const statement = { text: 'SELECT a', line: 5, column: 3 };

  it('gives the place in the file', () => {
    const source = { path: '/a.sql', text: '' };
    expect(sqlFailed(message(1, 'SELECT a', 7), source, statement).place).toEqual({
      file: '/a.sql',
      line: 5,
      column: 10,
    });
    // The indentation is that of the statement's first line only.
    expect(sqlFailed(message(3, '  a', 2), source, statement).place).toEqual({ file: '/a.sql', line: 7, column: 3 });
    expect(sqlFailed(message(3, '  a', 2), source, statement, 1).place).toEqual({ file: '/a.sql', line: 6, column: 3 });
    expect(sqlFailed(message(1, '...cut to fit', 7), source, statement).place).toEqual({ file: '/a.sql', line: 5 });
    expect(sqlFailed(new Error('no place'), source, statement).place).toEqual({ file: '/a.sql', line: 5 });
  });

  it('adds the place to a missing table, and leaves other coded errors as they are', () => {
    const source = { path: '/a.sql', text: '' };
    const missing = new CutoverError('TABLE_MISSING', 'no table a', 'Correct it.', { cause: message(2, ' FROM a', 6) });
    expect(sqlFailed(missing, source, statement, 1)).toMatchObject({
      code: 'TABLE_MISSING',
      message: 'no table a',
      remedy: 'Correct it.',
      place: { file: '/a.sql', line: 5, column: 9 },
    });
    const lost = new CutoverError('STORE_FULL', 'full', 'Free it.');
    expect(sqlFailed(lost, source, statement)).toBe(lost);
  });

  it('leaves out the list of overloads', () => {
    const error = new Error(
      'Binder Error: No function matches +(A, B). Add casts.\n\tCandidate functions:\n\t+(A) -> A\n\n',
    );
    expect(sqlFailed(error, { path: '/a.sql', text: '' }, statement).message).toBe(
      'Binder Error: No function matches +(A, B). Add casts.',
    );
  });

  it('gives the line of the configuration for inline text', () => {
    const source = { path: '/cutover.yaml', text: '', firstLine: 20 };
    expect(sqlFailed(message(2, 'a', 0), source, statement).place).toEqual({ file: '/cutover.yaml', line: 25 });
  });
});
