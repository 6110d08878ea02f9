import { isNumeric, isTimestamp, type ColumnFamily } from '../model/column.js';
import { DAY, type Duration } from '../model/duration.js';
import { parseJsonPath, type JsonPath } from '../model/json-path.js';
import { daysOf, secondsOf } from './calendar.js';
import type { ComparedColumn } from './compared-column.js';
import {
  absolute,
  compareDecimals,
  distance,
  multiply,
  parseDecimal,
  parseQuantity,
  rounded,
  type Decimal,
  type Quantity,
} from './decimal.js';
import { canonicalJson } from './json-value.js';
import { sameLists, sameSets } from './lists.js';
import { sameTexts } from './texts.js';

/** The canonical texts of a column on both sides; `distinct` is the store's own answer to IS DISTINCT FROM. */
export interface CellPair {
  readonly batch: string | null;
  readonly stream: string | null;
  readonly distinct: boolean;
}

/** `difference` is |batch - stream| where both are numbers, timestamps (seconds) or dates (days) and differ. */
export interface CellVerdict {
  readonly outcome: 'equal' | 'tolerated' | 'different';
  readonly difference: Decimal | 'Infinity' | null;
}

const EQUAL: CellVerdict = { outcome: 'equal', difference: null };
const DIFFERENT: CellVerdict = { outcome: 'different', difference: null };
const TOLERATED: CellVerdict = { outcome: 'tolerated', difference: null };

/**
 * The one judge of two values, whatever way the row was found. NULL equals only NULL unless `null_equals` says otherwise (then the
 * values are tolerated, not equal). Numbers are compared by value: -0 is 0, NaN is NaN. A tolerance holds when |a - b| <= absolute (or `within`),
 * when |a - b| <= relative * max(|a|, |b|), or when both round to one number; any of those given suffices. Infinities and NaN are within no tolerance.
 */
export function judgeCell(column: ComparedColumn, pair: CellPair): CellVerdict {
  if (pair.batch === null && pair.stream === null) return EQUAL;
  const filled = column.rule.nullEquals === 'zero' ? '0' : column.rule.nullEquals === 'empty' ? '' : null;
  const batch = pair.batch ?? filled;
  const stream = pair.stream ?? filled;
  if (batch === null || stream === null) return DIFFERENT;
  const replaced = pair.batch === null || pair.stream === null;
  const verdict = judgeValues(column, { batch, stream, distinct: replaced ? batch !== stream : pair.distinct });
  return replaced && verdict.outcome === 'equal' ? { ...verdict, outcome: 'tolerated' } : verdict;
}

interface Values {
  readonly batch: string;
  readonly stream: string;
  readonly distinct: boolean;
}

function judgeValues(column: ComparedColumn, values: Values): CellVerdict {
  const { family, type } = column.batch;
  if (isNumeric(family)) return judgeNumbers(column, values);
  // For everything else the store's comparison of the values is at least as exact as that of their texts.
  if (!values.distinct) return EQUAL;
  if (family === 'text') return toleratesText(column, values) ? TOLERATED : DIFFERENT;
  if (family === 'json') return judgeJson(column, values);
  if (isTimestamp(family)) return judgeTimes(column, secondsOf(values.batch), secondsOf(values.stream));
  if (family === 'date') return judgeTimes(column, daysOf(values.batch), daysOf(values.stream));
  if (family === 'list' && type !== column.stream.type) {
    const same = column.rule.set === true ? sameSets : sameLists;
    return same(values, column) ? EQUAL : DIFFERENT;
  }
  return DIFFERENT;
}

function toleratesText({ rule }: ComparedColumn, { batch, stream }: Values): boolean {
  return (
    (rule.case !== undefined || rule.whitespace !== undefined) && batch !== stream && sameTexts(batch, stream, rule)
  );
}

/** By value; texts that are no JSON are equal when they are the same, which the store has denied. */
function judgeJson({ rule }: ComparedColumn, { batch, stream }: Values): CellVerdict {
  if (batch === stream) return DIFFERENT;
  const same = (paths: readonly JsonPath[]): boolean => {
    const value = canonicalJson(batch, paths);
    return value !== undefined && value === canonicalJson(stream, paths);
  };
  if (same([])) return EQUAL;
  const paths = (rule.ignorePaths ?? []).map(parseJsonPath).filter((path) => typeof path !== 'string');
  return paths.length > 0 && same(paths) ? TOLERATED : DIFFERENT;
}

function judgeNumbers(column: ComparedColumn, values: Values): CellVerdict {
  if (values.batch === values.stream) return EQUAL;
  const a = parseQuantity(values.batch);
  const b = parseQuantity(values.stream);
  if (a === undefined || b === undefined) return DIFFERENT;
  if (typeof a === 'string' || typeof b === 'string') return judgeUnbounded(a, b);
  if (compareDecimals(a, b) === 0) return EQUAL;
  return { outcome: within(column, a, b) ? 'tolerated' : 'different', difference: distance(a, b) };
}

function judgeUnbounded(a: Quantity, b: Quantity): CellVerdict {
  if (a === b) return EQUAL;
  return a === 'NaN' || b === 'NaN' ? DIFFERENT : { outcome: 'different', difference: 'Infinity' };
}

function judgeTimes(column: ComparedColumn, a: Decimal | undefined, b: Decimal | undefined): CellVerdict {
  if (a === undefined || b === undefined) return DIFFERENT;
  // Equal texts of values that the store holds to be distinct: never an agreement.
  if (compareDecimals(a, b) === 0) return DIFFERENT;
  return { outcome: within(column, a, b) ? 'tolerated' : 'different', difference: distance(a, b) };
}

/** A length of time in the unit in which differences are measured: days of dates, seconds of timestamps. */
function spanOf(duration: Duration, family: ColumnFamily): Decimal {
  return family === 'date' ? { units: BigInt(duration / DAY), scale: 0 } : { units: BigInt(duration), scale: 3 };
}

function within({ batch, rule }: ComparedColumn, a: Decimal, b: Decimal): boolean {
  const difference = distance(a, b);
  const limit = rule.absolute === undefined ? undefined : parseDecimal(rule.absolute);
  if (limit !== undefined && compareDecimals(difference, limit) <= 0) return true;
  if (rule.within !== undefined && compareDecimals(difference, spanOf(rule.within, batch.family)) <= 0) return true;
  if (rule.round !== undefined && compareDecimals(rounded(a, rule.round), rounded(b, rule.round)) === 0) return true;
  const share = rule.relative === undefined ? undefined : parseDecimal(String(rule.relative));
  if (share === undefined) return false;
  const larger = compareDecimals(absolute(a), absolute(b)) > 0 ? absolute(a) : absolute(b);
  return compareDecimals(difference, multiply(share, larger)) <= 0;
}
