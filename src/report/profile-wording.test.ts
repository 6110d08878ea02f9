import { expect, it } from 'vitest';
import { differing } from '../../test/cli/diff-samples.js';
import type { Concentration, DiffProfile, DiffReport, MissingRange } from '../model/diff-report.js';
import { commonSentences, signed, sumSentences } from './profile-wording.js';

const EMPTY: DiffProfile = { columns: [], concentrations: [], ranges: [] };

function sentences(profile: Partial<DiffProfile>, change: Partial<DiffReport> = {}): string[] {
  return commonSentences({ ...differing, ...change, profile: { ...EMPTY, ...profile } });
}

const day: Concentration = {
  kind: 'value_mismatch',
  column: 'event_date',
  side: null,
  value: '2001-04-01',
  by: 'value',
  discrepancies: 1204,
  at_least: false,
  share: 1,
  base_share: 0.0027,
};

const range: MissingRange = {
  kind: 'missing_in_stream',
  column: 'd',
  from: '2001-04-01',
  to: '2001-04-03',
  side_from: '2001-01-01',
  side_to: '2001-12-31',
};

it('says all, and of which side, and that more may be found', () => {
  expect(sentences({ concentrations: [day] })).toEqual([
    'all 1,204 value mismatches have event_date = 2001-04-01 (0.27% of the left rows do)',
  ]);
  expect(
    sentences({ concentrations: [{ ...day, side: 'stream', share: 0.9996, value: '' }] }, { stopped_early: true }),
  ).toEqual([
    '>99% of the 1,204 value mismatches found have event_date = "" on the right (0.27% of the right rows do)',
  ]);
  expect(
    sentences({ concentrations: [{ ...day, kind: 'missing_in_batch', by: 'day', share: 0.5, at_least: true }] }),
  ).toEqual([
    'at least 50% of the 2 keys only on the right have event_date on 2001-04-01 (0.27% of the right rows do)',
  ]);
});

it('says where missing keys lie, unless they lie anywhere', () => {
  expect(sentences({ ranges: [range] })).toEqual([
    'the 203 keys only on the left have d from 2001-04-01 to 2001-04-03 (2001-01-01 to 2001-12-31 in all left rows)',
  ]);
  expect(sentences({ ranges: [{ ...range, from: '2001-12-30', to: '2001-12-31' }] })).toEqual([
    'the 203 keys only on the left have d from 2001-12-30 to the end (2001-01-01 to 2001-12-31 in all left rows)',
  ]);
  expect(sentences({ ranges: [{ ...range, from: '2001-01-02', to: '2001-12-30' }] })).toEqual([]);
  // What all have is told already; one key has no range.
  expect(
    sentences({ ranges: [range], concentrations: [{ ...day, kind: 'missing_in_stream', column: 'd' }] }),
  ).toHaveLength(1);
  expect(sentences({ ranges: [range] }, { missing_in_stream: 1 })).toEqual([]);
});

it('says whether sums agree', () => {
  const column = differing.profile?.columns[0];
  if (column === undefined) throw new Error('no column');
  const sums = { batch: '1000', stream: '2000.5', equal: false };
  const profile = {
    ...EMPTY,
    columns: [
      { ...column, column: 'a', sums },
      ...['b', 'c', 'd'].map((name) => ({ ...column, column: name, sums: { batch: '1', stream: '1', equal: true } })),
      { ...column, column: 'e', sums: null },
    ],
  };
  expect(sumSentences({ ...differing, profile })).toEqual([
    'the sum of a differs by +1,000.5: 1,000 on the left, 2,000.5 on the right',
    'the sums of b, c and d are equal on both sides',
  ]);
  expect(sumSentences({ ...differing, profile: null })).toEqual([]);
});

it('groups the digits behind a sign', () => {
  expect(['+1234.5', '-1234567', '12'].map(signed)).toEqual(['+1,234.5', '-1,234,567', '12']);
});
