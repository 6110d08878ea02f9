import { isNumeric, isTimestamp } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule, CompareConfig } from '../model/project.js';
import type { ComparedColumn } from './compared-column.js';
import { parseDecimal } from './decimal.js';

/** The rules that hold on `today` (YYYY-MM-DD; `until` is the last day of a rule), and a note for each that has ended. */
export function activeRules(config: CompareConfig, today: string): { rules: Map<string, ColumnRule>; notes: string[] } {
  const rules = new Map<string, ColumnRule>();
  const notes: string[] = [];
  for (const [name, rule] of Object.entries(config.columns)) {
    if (rule.until !== undefined && rule.until < today) {
      notes.push(`rule ${kindsOf(rule)} of column ${name} ended on ${rule.until}`);
    } else {
      rules.set(name, rule);
    }
  }
  return { rules, notes };
}

function kindsOf(rule: ColumnRule): string {
  const kinds = [
    ...(rule.ignore === true ? ['ignore'] : []),
    ...(rule.absolute === undefined ? [] : ['absolute']),
    ...(rule.relative === undefined ? [] : ['relative']),
    ...(rule.nullEquals === undefined ? [] : ['null_equals']),
    ...(rule.set === true ? ['set'] : []),
  ];
  return kinds.map((kind) => `\`${kind}\``).join(', ');
}

/** Refuses a rule that has no meaning for the types of its column. Errors: RULE_INVALID. */
export function checkRule({ name, batch, stream, rule }: ComparedColumn): void {
  const numeric = isNumeric(batch.family) && isNumeric(stream.family);
  const timestamps = isTimestamp(batch.family) && isTimestamp(stream.family);
  const refuse = (kind: string, needs: string): never => {
    throw new CutoverError(
      'RULE_INVALID',
      `rule \`${kind}\` of column ${name} needs ${needs}, but the column is ${batch.type} on the batch side and ${stream.type} on the stream side`,
      `Remove \`${kind}\` from the rule, or cast the column in both jobs.`,
    );
  };
  if (rule.absolute !== undefined && !numeric && !timestamps) refuse('absolute', 'a number or a timestamp');
  // Relative to what? A share of the time since 1970 has no meaning, so a timestamp takes `absolute` (seconds) only.
  if (rule.relative !== undefined && !numeric) refuse('relative', 'a number');
  if (rule.set === true && (batch.family !== 'list' || stream.family !== 'list')) refuse('set', 'a list');
  if (rule.nullEquals === 'zero' && !numeric) refuse('null_equals: zero', 'a number');
  if (rule.nullEquals === 'empty' && (batch.family !== 'text' || stream.family !== 'text'))
    refuse('null_equals: empty', 'a text');
  checkLimit(name, 'absolute', rule.absolute);
  checkLimit(name, 'relative', rule.relative === undefined ? undefined : String(rule.relative));
}

function checkLimit(name: string, kind: string, text: string | undefined): void {
  if (text === undefined) return;
  const value = parseDecimal(text);
  if (value === undefined || value.units < 0n) {
    throw new CutoverError(
      'RULE_INVALID',
      `rule \`${kind}\` of column ${name} is ${text}`,
      'Give a decimal number that is not negative.',
    );
  }
}
