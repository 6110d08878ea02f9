import type { DeclaredType } from './declared-type.js';

/** Whether a text stands for a value of a type beyond doubt: it may go to any store as it is, in the interchange form. */
export type PlainTest = (text: string) => boolean;

/**
 * Tells texts that need no SQL to judge them: whatever passes here passes `fromText`, and gives the same value. The reverse does not hold: other spellings
 * may fit too. Null for types whose texts are never handed on as they are.
 */
export function plainTest(type: DeclaredType): PlainTest | null {
  if (type.list) return null;
  switch (type.name) {
    // PostgreSQL has no NUL in its texts.
    case 'text':
    case 'json':
      return (text) => !text.includes('\0');
    case 'boolean':
      return (text) => text === 'true' || text === 'false';
    case 'integer':
      return matching(/^-?\d{1,9}$/);
    case 'bigint':
      return matching(/^-?\d{1,18}$/);
    case 'decimal':
      return matching(decimalForm(type));
    // So few digits are read alike everywhere.
    case 'double':
      return matching(/^-?\d{1,8}(?:\.\d{1,7})?$/);
    case 'date':
      return dated(/^$/);
    case 'timestamp':
      return dated(new RegExp(`^${TIME}Z?$`));
    case 'timestamptz':
      return dated(new RegExp(`^${TIME}(?:Z|[+-](?:0\\d|1[0-3]):[0-5]\\d)?$`));
    case 'bytes':
      return null;
  }
}

const TIME = '[T ](?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?';

function matching(form: RegExp): PlainTest {
  return (text) => form.test(text);
}

function decimalForm({ scalar, scale }: DeclaredType): RegExp {
  const precision = Number(/\d+/.exec(scalar)?.[0] ?? 0);
  const whole = precision - scale;
  return new RegExp(`^-?${whole === 0 ? '0' : `\\d{1,${whole}}`}${scale === 0 ? '' : `(?:\\.\\d{1,${scale}})?`}$`);
}

/** From the year 1000 on, so that an offset from UTC leads to no year before 1. */
const DAY = /^[1-9]\d{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2\d)|(?:0[13-9]|1[0-2])-30|(?:0[13578]|1[02])-31)/;

function dated(rest: RegExp): PlainTest {
  return (text) =>
    DAY.test(text) && rest.test(text.slice(10)) && (!text.startsWith('02-29', 5) || isLeap(Number(text.slice(0, 4))));
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
