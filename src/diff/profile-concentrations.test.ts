import { describe, expect, it } from 'vitest';
import { standsOut, tellable, type Candidate } from './profile-concentrations.js';

function candidate(change: Partial<Candidate>): Candidate {
  const of = change.of ?? 1000;
  const discrepancies = change.discrepancies ?? 940;
  return {
    kind: 'value_mismatch',
    column: 'event_date',
    side: null,
    value: '2001-04-01',
    by: 'value',
    discrepancies,
    at_least: false,
    share: discrepancies / of,
    base_share: 0.0027,
    of,
    ...change,
  };
}

describe('a concentration', () => {
  it('stands out where rows seldom have what discrepancies have', () => {
    expect(standsOut(candidate({}))).toBe(true);
    expect(standsOut(candidate({ discrepancies: 980, base_share: 0.6 }))).toBe(true);
    expect(standsOut(candidate({ discrepancies: 1000, base_share: 0.9 }))).toBe(true);
  });

  it('does not where all rows have it, or about as many as discrepancies', () => {
    expect(standsOut(candidate({ discrepancies: 1000, base_share: 1 }))).toBe(false);
    expect(standsOut(candidate({ discrepancies: 700, base_share: 0.6 }))).toBe(false);
  });

  it('does not where few discrepancies may have it by chance', () => {
    expect(standsOut(candidate({ of: 3, discrepancies: 3, base_share: 0.5 }))).toBe(false);
    expect(standsOut(candidate({ of: 3, discrepancies: 3, base_share: 0.001 }))).toBe(true);
    expect(standsOut(candidate({ of: 2, discrepancies: 2, base_share: 0 }))).toBe(false);
    expect(standsOut(candidate({ discrepancies: 90, base_share: 0 }))).toBe(false);
  });
});

describe('what is told', () => {
  const told = (...candidates: Candidate[]): string[] =>
    tellable(candidates).map(({ by, value }) => `${by} ${value ?? ''}`);

  it('is the day and not its month, unless the month has clearly more', () => {
    const day = candidate({ by: 'day' });
    const month = candidate({ by: 'month', value: '2001-04', base_share: 0.08, discrepancies: 950 });
    expect(told(day, month)).toEqual(['day 2001-04-01']);
    expect(told(candidate({ by: 'day', discrepancies: 120, base_share: 0.01 }), month)).toEqual(['month 2001-04']);
  });

  it('is a part as well where it stands out far more than the whole', () => {
    const month = candidate({ by: 'month', value: '2001-04', base_share: 0.3, discrepancies: 800 });
    const day = candidate({ by: 'day', discrepancies: 400, base_share: 0.001 });
    expect(told(day, month)).toEqual(['month 2001-04', 'day 2001-04-01']);
  });

  it('is the longest prefix that nearly all have', () => {
    const prefixes = ['E', 'EU', 'EU-'].map((value) => candidate({ by: 'prefix', value, base_share: 0.1 }));
    const longer = candidate({ by: 'prefix', value: 'EU-1', base_share: 0.012, discrepancies: 110 });
    expect(told(...prefixes, longer)).toEqual(['prefix EU-']);
  });

  it('is no more than two of a column', () => {
    const days = [1, 2, 3, 4].map((day) =>
      candidate({ by: 'day', value: `2001-04-0${day}`, discrepancies: 250 - day }),
    );
    expect(told(...days)).toEqual(['day 2001-04-01', 'day 2001-04-02']);
  });

  it('is never more than ten, the largest share first', () => {
    const many = Array.from({ length: 15 }, (_, index) =>
      candidate({ column: `c${index}`, value: `v${index}`, discrepancies: 500 + index }),
    );
    expect(told(...many)).toHaveLength(10);
    expect(told(...many)[0]).toBe('value v14');
  });
});
