import { describe, expect, it } from 'vitest';
import type { Column } from '../model/column.js';
import { commonColumns } from './diff-columns.js';

const columns = (...names: string[]): Column[] => names.map((name) => ({ name, type: 'INTEGER', family: 'integer' }));

describe('columns that are ignored', () => {
  const [left, right] = [columns('id', 'v', 'x'), columns('key', 'w', 'x')];
  const choice = { key: ['id'], map: { id: 'key', v: 'w' } };
  const ignoring = (...ignore: string[]) => commonColumns(left, right, { ...choice, ignore });

  it.each(['v', 'w', 'W'])('are named by either name of a pair: %s', (name) => {
    const { pairs, onlyRight, notes } = ignoring(name);
    expect(pairs).toEqual([
      ['id', 'key'],
      ['x', 'x'],
    ]);
    expect(onlyRight).toEqual([]);
    expect(notes).toEqual(['columns that are ignored: v']);
  });

  it('are no columns of the key, by neither name', () => {
    expect(() => ignoring('key')).toThrow('id is a column of the key and cannot be ignored');
  });

  it('are those of the left where a name stands for one column there and for another on the right', () => {
    const { pairs } = commonColumns(columns('id', 'a', 'b'), columns('id', 'a', 'b'), {
      key: ['id'],
      map: { a: 'b', b: 'a' },
      ignore: ['b'],
    });
    expect(pairs).toEqual([
      ['id', 'id'],
      ['a', 'b'],
    ]);
  });
});
