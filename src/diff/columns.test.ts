import { describe, expect, it } from 'vitest';
import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule } from '../model/project.js';
import { pairColumns, type DiffColumns } from './columns.js';

const ID: Column = { name: 'id', type: 'BIGINT', family: 'integer' };
const AMOUNT: Column = { name: 'amount', type: 'DECIMAL(18,2)', family: 'decimal' };
const NAME: Column = { name: 'name', type: 'VARCHAR', family: 'text' };
const AT: Column = { name: 'at', type: 'TIMESTAMP', family: 'timestamp' };
const TAGS: Column = { name: 'tags', type: 'VARCHAR[]', family: 'list' };
const ALL = [ID, AMOUNT, NAME, AT, TAGS];

function pair(
  rules: Record<string, ColumnRule> = {},
  stream: readonly Column[] = ALL,
  key: readonly string[] = ['id'],
): DiffColumns {
  return pairColumns(ALL, stream, key, { columns: rules }, '2026-02-01');
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof CutoverError ? `${error.code} ${error.message}` : String(error);
  }
  return 'nothing thrown';
}

describe('pairColumns', () => {
  it('compares every column but the key', () => {
    expect(pair().compared.map(({ name }) => name)).toEqual(['amount', 'name', 'at', 'tags']);
    expect(pair().notes).toEqual([]);
    expect(pair().lossy).toEqual([]);
  });

  it('notes a column that only the stream side has', () => {
    const extra: Column = { name: 'hidden_count', type: 'BIGINT', family: 'integer' };
    expect(pair({}, [...ALL, extra]).notes).toEqual([
      'column hidden_count is only on the stream side and is not compared',
    ]);
    expect(pair({ hidden_count: { ignore: true } }, [...ALL, extra]).notes).toEqual([
      'column hidden_count is ignored by its rule',
    ]);
  });

  it('notes every ignored column with its reason, and when no value is compared at all', () => {
    const rule = { ignore: true, because: 'run time', until: '2999-12-31' };
    const { compared, notes } = pair({ amount: rule, name: rule, at: rule, tags: rule }, ALL);
    expect(compared).toEqual([]);
    expect(notes).toContain('column amount is ignored by its rule (until 2999-12-31), because: run time');
    expect(notes).toHaveLength(5);
    expect(notes.at(-1)).toBe('no value is compared: the sides agree when they have the same keys');
  });

  it('refuses a batch column that the stream side lacks, unless it is ignored', () => {
    expect(codeOf(() => pair({}, [ID, AMOUNT, NAME, AT]))).toMatch(
      /^TYPE_MISMATCH column tags of the batch side is missing/,
    );
    expect(pair({ tags: { ignore: true } }, [ID, AMOUNT, NAME, AT]).compared.map(({ name }) => name)).toEqual([
      'amount',
      'name',
      'at',
    ]);
  });

  it('refuses a key column that a side lacks', () => {
    expect(codeOf(() => pair({}, ALL, ['id', 'day']))).toMatch(
      /^KEY_COLUMN_MISSING key column day is missing on the batch side/,
    );
    expect(codeOf(() => pair({}, [AMOUNT, NAME, AT, TAGS]))).toMatch(
      /^KEY_COLUMN_MISSING key column id is missing on the stream side/,
    );
  });

  it('refuses types that cannot be compared, and names both', () => {
    const text: Column = { name: 'amount', type: 'VARCHAR', family: 'text' };
    expect(codeOf(() => pair({}, [ID, text, NAME, AT, TAGS]))).toBe(
      'TYPE_MISMATCH column amount is DECIMAL(18,2) on the batch side and VARCHAR on the stream side',
    );
  });

  it('names what is lossy', () => {
    const other: Column[] = [
      ID,
      { ...AMOUNT, type: 'DOUBLE', family: 'double' },
      NAME,
      { ...AT, type: 'TIMESTAMPTZ', family: 'timestamptz' },
      TAGS,
    ];
    expect(pair({}, other).lossy).toEqual([
      'amount: DECIMAL(18,2) and DOUBLE compared as decimal numbers; the double stands for its shortest decimal text',
      'at: TIMESTAMP and TIMESTAMPTZ compared as UTC; the naive side is taken to be UTC',
    ]);
  });

  it('drops a rule the day after its last day, with a note', () => {
    expect(pair({ name: { ignore: true, until: '2026-02-01' } }).compared.map(({ name }) => name)).not.toContain(
      'name',
    );
    const ended = pair({ name: { ignore: true, until: '2026-01-31' } });
    expect(ended.compared.map(({ name }) => name)).toContain('name');
    expect(ended.notes).toEqual(['rule `ignore` of column name ended on 2026-01-31']);
  });

  it.each<[string, ColumnRule]>([
    ['name', { absolute: '1' }],
    ['tags', { relative: 0.1 }],
    ['at', { relative: 0.1 }],
    ['name', { set: true }],
    ['name', { nullEquals: 'zero' }],
    ['amount', { nullEquals: 'empty' }],
    ['amount', { absolute: '-1' }],
    ['amount', { absolute: 'much' }],
    ['amount', { relative: Number.NaN }],
    ['id', { ignore: true }],
    ['nothing', { ignore: true }],
    ['name', { round: 2 }],
    ['amount', { round: 2.5 }],
    ['amount', { round: 39 }],
    ['amount', { within: 1000 }],
    ['at', { within: -1 }],
    ['at', { within: 0.5 }],
    ['amount', { case: 'ignore' }],
    ['tags', { whitespace: 'trim' }],
    ['name', { ignorePaths: ['$.a'] }],
    ['name', { ignorePaths: ['a'] }],
    ['nothing_*', { ignore: true }],
    ['i*', { ignore: true }],
    ['*', { relative: 0.1, set: true }],
  ])('refuses a rule that has no meaning for column %s: %j', (name, rule) => {
    expect(codeOf(() => pair({ [name]: rule }))).toMatch(/^RULE_INVALID/);
  });

  it('takes whole days only as the distance of dates', () => {
    const day: Column = { name: 'day', type: 'DATE', family: 'date' };
    const of = (within: number): unknown =>
      pairColumns([ID, day], [ID, day], ['id'], { columns: { day: { within } } }, '2026-02-01');
    expect(codeOf(() => of(3_600_000))).toMatch(/^RULE_INVALID rule `within` of column day needs whole days/);
    expect(codeOf(() => of(86_400_000))).toBe('nothing thrown');
  });

  it('refuses two patterns of which neither is narrower, and names the column', () => {
    expect(codeOf(() => pair({ 'a*': { ignore: true }, '*t': { ignore: true } }))).toBe(
      'RULE_INVALID the rules of a* and *t both take column amount, and neither is the narrower one',
    );
    const own = { 'a*': { ignore: true }, '*t': { ignore: true }, amount: { ignore: false }, at: { ignore: false } };
    expect(pair(own).compared.map(({ name }) => name)).toEqual(['amount', 'name', 'at', 'tags']);
  });

  it('compares a column exactly whose own rule has ended, though a pattern takes it', () => {
    const rules = { '*': { ignore: true }, amount: { absolute: '1', until: '2026-01-31' } };
    expect(pair(rules).compared.map(({ name, rule }) => [name, rule])).toEqual([['amount', {}]]);
  });

  it('pairs columns of other names, and keeps what is then left over apart', () => {
    const stream: Column[] = [{ ...ID, name: 'key' }, { ...AMOUNT, name: 'total' }, NAME, AT, TAGS, AMOUNT];
    const map = { id: 'key', amount: 'total' };
    const { key, compared, notes } = pairColumns(ALL, stream, ['id'], { columns: {}, map }, '2026-02-01');
    expect([...key, ...compared].map((one) => [one.name, one.stream.name])).toEqual([
      ['id', 'key'],
      ['amount', 'total'],
      ['name', 'name'],
      ['at', 'at'],
      ['tags', 'tags'],
    ]);
    expect(notes).toEqual(['column amount of the stream side is not compared: `map` takes total in its place']);
    const refused = (wrong: Record<string, string>): string =>
      codeOf(() => pairColumns(ALL, stream, ['id'], { columns: {}, map: wrong }, '2026-02-01'));
    expect(refused({ ids: 'key' })).toBe('RULE_INVALID `map` names the column ids, which the batch side does not have');
    expect(refused({ id: 'keys' })).toBe(
      'RULE_INVALID `map` names the column keys, which the stream side does not have',
    );
    expect(refused({ id: 'key', name: 'key' })).toBe('RULE_INVALID `map` gives the column key to both id and name');
  });

  it('takes the rules that have one', () => {
    const rules = {
      amount: { absolute: '0.01', relative: 1e-9 },
      at: { absolute: '1' },
      tags: { set: true },
      name: { nullEquals: 'empty' as const },
    };
    expect(pair(rules).compared.map(({ rule }) => rule)).toEqual([rules.amount, rules.name, rules.at, rules.tags]);
  });
});
