import { isNumeric, isTimestamp } from '../model/column.js';
import { DAY, type Duration } from '../model/duration.js';
import { CutoverError } from '../model/errors.js';
import { parseJsonPath } from '../model/json-path.js';
import type { ColumnRule, CompareConfig } from '../model/project.js';
import type { ComparedColumn } from './compared-column.js';
import { parseDecimal } from './decimal.js';
import { nearest } from './pattern.js';

/** The rule of a column, and the name or pattern under which it stands. */
export interface Ruled {
  readonly under: string;
  readonly rule: ColumnRule;
}

/**
 * The rules that hold on `today` (YYYY-MM-DD; `until` is the last day of a rule), by column, and a note for each that has ended. A column whose rule has ended
 * is compared exactly: no wider pattern takes its place. Errors: RULE_INVALID where two patterns are equally near to a column, or a name has no column.
 *
 * @param columns every column that can have a rule
 */
export function activeRules(
  config: CompareConfig,
  columns: readonly string[],
  today: string,
): { rules: Map<string, Ruled>; notes: string[] } {
  const names = Object.keys(config.columns);
  const rules = new Map<string, Ruled>();
  const taken = new Set<string>();
  const ended = (rule: ColumnRule): boolean => rule.until !== undefined && rule.until < today;
  for (const column of columns) {
    const under = nearest(names, column);
    if (under === undefined) continue;
    if (typeof under !== 'string') throw ambiguous(column, under);
    taken.add(under);
    const rule = config.columns[under];
    if (rule !== undefined && !ended(rule)) rules.set(column, { under, rule });
  }
  const notes: string[] = [];
  for (const [name, rule] of Object.entries(config.columns)) {
    const what = name.includes('*') && !columns.includes(name) ? 'columns' : 'column';
    if (!taken.has(name) && !columns.some((column) => nearest([name], column) !== undefined))
      throw untaken(name, what, columns);
    if (ended(rule)) notes.push(`rule ${kindsOf(rule)} of ${what} ${name} ended on ${rule.until ?? ''}`);
  }
  return { rules, notes };
}

function ambiguous(column: string, patterns: readonly string[]): CutoverError {
  return new CutoverError(
    'RULE_INVALID',
    `the rules of ${patterns.join(' and ')} both take column ${column}, and neither is the narrower one`,
    `Give the column ${column} a rule of its own (\`ignore: false\` compares it exactly), or narrow one of the patterns.`,
  );
}

function untaken(name: string, what: string, columns: readonly string[]): CutoverError {
  return new CutoverError(
    'RULE_INVALID',
    what === 'column'
      ? `there is a rule for column ${name}, but neither side has that column`
      : `there is a rule for columns ${name}, but no column beside the key has such a name`,
    `Correct the name or remove the rule. Columns: ${columns.join(', ')}.`,
  );
}

function kindsOf(rule: ColumnRule): string {
  const kinds = [
    ...(rule.ignore === true ? ['ignore'] : []),
    ...(rule.absolute === undefined ? [] : ['absolute']),
    ...(rule.relative === undefined ? [] : ['relative']),
    ...(rule.round === undefined ? [] : ['round']),
    ...(rule.within === undefined ? [] : ['within']),
    ...(rule.nullEquals === undefined ? [] : ['null_equals']),
    ...(rule.set === true ? ['set'] : []),
    ...(rule.case === undefined ? [] : ['case']),
    ...(rule.whitespace === undefined ? [] : ['whitespace']),
    ...(rule.ignorePaths === undefined ? [] : ['ignore_paths']),
  ];
  return kinds.map((kind) => `\`${kind}\``).join(', ');
}

/** The first part of a rule that has no meaning for the types of its column, with what it needs. */
export function unfit({ batch, stream, rule }: ComparedColumn): { kind: string; needs: string } | undefined {
  const both = (family: string): boolean => batch.family === family && stream.family === family;
  const numeric = isNumeric(batch.family) && isNumeric(stream.family);
  const timestamps = isTimestamp(batch.family) && isTimestamp(stream.family);
  const needed: readonly (readonly [given: boolean, fits: boolean, kind: string, needs: string])[] = [
    [rule.absolute !== undefined, numeric || timestamps, 'absolute', 'a number or a timestamp'],
    // Relative to what? A share of the time since 1970 has no meaning, so a timestamp takes `absolute` (seconds) or `within` only.
    [rule.relative !== undefined, numeric, 'relative', 'a number'],
    [rule.round !== undefined, numeric, 'round', 'a number'],
    [rule.within !== undefined, timestamps || both('date'), 'within', 'a timestamp or a date'],
    [wholeDays(rule.within) === undefined, timestamps, 'within', 'whole days, such as 1d, for dates,'],
    [rule.set === true, both('list'), 'set', 'a list'],
    [rule.nullEquals === 'zero', numeric, 'null_equals: zero', 'a number'],
    [rule.nullEquals === 'empty', both('text'), 'null_equals: empty', 'a text'],
    [rule.case !== undefined, both('text'), 'case', 'a text'],
    [rule.whitespace !== undefined, both('text'), 'whitespace', 'a text'],
    [rule.ignorePaths !== undefined, both('json'), 'ignore_paths', 'JSON'],
  ];
  const found = needed.find(([given, fits]) => given && !fits);
  return found === undefined ? undefined : { kind: found[2], needs: found[3] };
}

/** How many days `within` is; undefined where it is given and no whole number of them. */
function wholeDays(within: Duration | undefined): number | undefined {
  const days = (within ?? 0) / DAY;
  return Number.isInteger(days) ? days : undefined;
}

/** Refuses a rule that has no meaning for the types of its column. Errors: RULE_INVALID. */
export function checkRule(column: ComparedColumn): void {
  const problem = unfit(column);
  if (problem !== undefined) {
    throw new CutoverError(
      'RULE_INVALID',
      `rule \`${problem.kind}\` of column ${column.name} needs ${problem.needs}, but the column is ${column.batch.type} on the batch side and ${column.stream.type} on the stream side`,
      `Remove \`${problem.kind}\` from the rule, or cast the column in both jobs.`,
    );
  }
}

/** Refuses values that no rule can have, which the library's callers may give. Errors: RULE_INVALID. */
export function checkValues(name: string, rule: ColumnRule): void {
  checkLimit(name, 'absolute', rule.absolute);
  checkLimit(name, 'relative', rule.relative === undefined ? undefined : String(rule.relative));
  if (rule.round !== undefined && !(Number.isInteger(rule.round) && Math.abs(rule.round) <= 38))
    throw impossible(name, 'round', String(rule.round), 'Give a whole number of digits from -38 to 38.');
  if (rule.within !== undefined && !(Number.isSafeInteger(rule.within) && rule.within >= 0))
    throw impossible(name, 'within', String(rule.within), 'Give whole milliseconds.');
  for (const path of rule.ignorePaths ?? []) {
    const parsed = parseJsonPath(path);
    if (typeof parsed === 'string') throw impossible(name, 'ignore_paths', path, `Correct the path: it ${parsed}.`);
  }
}

function checkLimit(name: string, kind: string, text: string | undefined): void {
  if (text === undefined) return;
  const value = parseDecimal(text);
  if (value === undefined || value.units < 0n)
    throw impossible(name, kind, text, 'Give a decimal number that is not negative.');
}

function impossible(name: string, kind: string, text: string, whatToDo: string): CutoverError {
  return new CutoverError('RULE_INVALID', `rule \`${kind}\` of column ${name} is ${text}`, whatToDo);
}
