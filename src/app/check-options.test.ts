import { describe, expect, it } from 'vitest';
import { CutoverError } from '../model/errors.js';
import { checkOptions } from './check-options.js';

const SIDES = { left: 'a.parquet', right: 'b.parquet' };

function refusal(options: unknown): string {
  try {
    checkOptions(options);
  } catch (error) {
    if (error instanceof CutoverError) return `${error.code}: ${error.message}. ${error.remedy ?? ''}`;
    throw error;
  }
  return 'taken';
}

describe('options of compareTables', () => {
  it('are taken where each is what it must be, or not given', () => {
    const all = {
      ...SIDES,
      leftSql: undefined,
      key: ['id'],
      columns: ['v'],
      ignore: [],
      rules: {
        columns: { v: { absolute: '0.01', until: '2028-02-29', because: 'cents' }, 'x*': { set: true } },
        where: { batch: 'id > 1' },
        map: { v: 'w' },
      },
      limit: 0,
      stopAfter: 1,
      sample: 1,
      profile: null,
      strict: false,
      maxMismatchRate: 0.001,
      network: 'remote',
      strategy: 'join',
      settle: { delay: 30_000, rounds: undefined, maxInFlux: 0 },
      keep: {},
      statementTimeout: 1000,
      resume: 'state',
      gentle: true,
      busyAbove: 4,
      memoryLimit: '1.5 GiB',
      cwd: '/',
      signal: new AbortController().signal,
      progress: { update: () => undefined },
    };
    expect(refusal(all)).toBe('taken');
    expect(refusal({ ...SIDES, limit: Infinity, profile: { sums: true } })).toBe('taken');
  });

  it.each([
    [{ where: 'id > 1' }, /^USAGE: there is no option where\. Options: left, right, /],
    [{ ignores: ['v'] }, 'USAGE: there is no option ignores. Did you mean ignore?'],
    [{ constructor: 1 }, /^USAGE: there is no option constructor/],
    [{ key: 'id' }, 'USAGE: option key is "id". Give a list of one name or more.'],
    [{ key: [] }, 'USAGE: option key is []. Give a list of one name or more.'],
    [{ limit: 1.5 }, 'USAGE: option limit is 1.5. Give a whole number, 0 or more.'],
    [{ limit: NaN }, 'USAGE: option limit is NaN. Give a whole number, 0 or more.'],
    [{ stopAfter: 0 }, 'USAGE: option stopAfter is 0. Give a whole number above 0.'],
    [{ sample: 5 }, 'USAGE: option sample is 5. Give a share above 0 and up to 1, such as 0.01.'],
    [{ sample: '1%' }, 'USAGE: option sample is "1%". Give a share above 0 and up to 1, such as 0.01.'],
    [{ maxMismatchRate: 1 }, 'USAGE: option maxMismatchRate is 1. Give a share from 0 to below 1, such as 0.001.'],
    [{ maxMismatchRate: NaN }, /maxMismatchRate is NaN/],
    [{ maxMismatchRate: null }, /maxMismatchRate is null/],
    [{ network: 'far' }, `USAGE: option network is "far". Give 'local' or 'remote'.`],
    [{ settle: { delay: 0 } }, 'USAGE: option settle.delay is 0. Give milliseconds, 1 or more.'],
    [{ settle: { wait: 1 } }, /^USAGE: there is no option settle\.wait\./],
    [{ settle: 30 }, 'USAGE: option settle is 30. Give an object.'],
    [{ memoryLimit: '2' }, `USAGE: option memoryLimit is "2". Give a size such as '2GB'.`],
    [{ rules: { map: { v: 'w' } } }, /^USAGE: option rules\.columns is missing\./],
    [{ rules: { columns: {}, where: 'id > 1' } }, 'USAGE: option rules.where is "id > 1". Give an object.'],
    [{ rules: { columns: { v: { absolut: '1' } } } }, /Did you mean rules\.columns\.v\.absolute\?$/],
    [
      { rules: { columns: { v: { ignore: true, until: '31.12.2025' } } } },
      /columns\.v\.until is "31\.12\.2025"\. Give a day/,
    ],
    [{ rules: { columns: { v: { ignore: true, until: '2026-02-29' } } } }, /columns\.v\.until is "2026-02-29"/],
  ])('are refused otherwise: %j', (options, told) => {
    expect(refusal({ ...SIDES, ...options })).toMatch(told);
  });

  it('name both sides', () => {
    expect(refusal({ left: 'a.parquet' })).toBe('USAGE: option right is missing. Name the table or the file.');
    expect(refusal(undefined)).toBe('USAGE: what is asked is undefined. Give an object.');
  });
});
