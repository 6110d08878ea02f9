import { isNumeric, isTimestamp, type Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule, CompareConfig } from '../model/project.js';
import type { ComparedColumn } from './compared-column.js';
import { activeRules, checkRule } from './rules.js';

/** What is compared and how; `lossy` names every column in which less than the full values is compared. */
export interface DiffColumns {
  readonly key: readonly ComparedColumn[];
  readonly compared: readonly ComparedColumn[];
  readonly lossy: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Pairs the columns of both sides. A column that only the stream side has is a note: jobs keep hidden counts and sums there.
 * One that only the batch side has is an error unless a rule ignores it: nothing the batch job delivers goes unseen.
 * Errors: KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID.
 *
 * @param today YYYY-MM-DD: rules that ended before this day no longer hold
 */
export function pairColumns(
  batch: readonly Column[],
  stream: readonly Column[],
  key: readonly string[],
  config: CompareConfig,
  today: string,
): DiffColumns {
  const onBatch = new Map(batch.map((column) => [column.name, column]));
  const onStream = new Map(stream.map((column) => [column.name, column]));
  const { rules, notes } = activeRules(config, today);
  for (const name of Object.keys(config.columns)) checkRuleTarget(name, key, onBatch, onStream);

  const keys = key.map((name) => pairKey(name, onBatch, onStream));
  const compared: ComparedColumn[] = [];
  for (const column of batch) {
    const rule = rules.get(column.name) ?? {};
    if (key.includes(column.name)) continue;
    if (rule.ignore === true) {
      notes.push(ignored(column.name, rule));
      continue;
    }
    const other = onStream.get(column.name);
    if (other === undefined) {
      throw new CutoverError(
        'TYPE_MISMATCH',
        `column ${column.name} of the batch side is missing on the stream side`,
        `Add the column to the stream job, or add the rule \`${column.name}: { ignore: true, because: ... }\`.`,
      );
    }
    const pair = { name: column.name, batch: column, stream: other, rule };
    requireComparable(pair);
    checkRule(pair);
    compared.push(pair);
  }
  for (const { name } of stream) {
    const rule = rules.get(name) ?? {};
    if (onBatch.has(name)) continue;
    notes.push(
      rule.ignore === true ? ignored(name, rule) : `column ${name} is only on the stream side and is not compared`,
    );
  }
  if (compared.length === 0) notes.push('no value is compared: the sides agree when they have the same keys');
  return { key: keys, compared, lossy: [...keys, ...compared].flatMap(lossOf), notes };
}

/** What is not looked at is said in every comparison. */
function ignored(name: string, rule: ColumnRule): string {
  const why = rule.because === undefined ? '' : `, because: ${rule.because}`;
  const until = rule.until === undefined ? '' : ` (until ${rule.until})`;
  return `column ${name} is ignored by its rule${until}${why}`;
}

type ByName = ReadonlyMap<string, Column>;

function checkRuleTarget(name: string, key: readonly string[], batch: ByName, stream: ByName): void {
  if (key.includes(name)) {
    throw new CutoverError(
      'RULE_INVALID',
      `there is a rule for the key column ${name}`,
      'Remove the rule: keys are always compared exactly.',
    );
  }
  if (!batch.has(name) && !stream.has(name)) {
    throw new CutoverError(
      'RULE_INVALID',
      `there is a rule for column ${name}, but neither side has that column`,
      `Correct the name or remove the rule. Columns: ${[...batch.keys()].join(', ')}.`,
    );
  }
}

function pairKey(name: string, onBatch: ByName, onStream: ByName): ComparedColumn {
  const batch = onBatch.get(name);
  const stream = onStream.get(name);
  if (batch === undefined || stream === undefined) {
    const side = batch === undefined ? 'batch' : 'stream';
    const columns = [...(batch === undefined ? onBatch : onStream).keys()].join(', ');
    throw new CutoverError(
      'KEY_COLUMN_MISSING',
      `key column ${name} is missing on the ${side} side`,
      `Correct \`key\`, or deliver the column on both sides. Columns of the ${side} side: ${columns}.`,
    );
  }
  const pair = { name, batch, stream, rule: {} };
  requireComparable(pair);
  return pair;
}

function requireComparable({ name, batch, stream }: ComparedColumn): void {
  const same = batch.family === stream.family;
  const numeric = isNumeric(batch.family) && isNumeric(stream.family);
  const timestamps = isTimestamp(batch.family) && isTimestamp(stream.family);
  if (same || numeric || timestamps) return;
  throw new CutoverError(
    'TYPE_MISMATCH',
    `column ${name} is ${batch.type} on the batch side and ${stream.type} on the stream side`,
    'Cast the column to one type in one of the two jobs.',
  );
}

/** Families of which types with other names hold values that are only alike as text. */
const BY_TEXT = new Set(['list', 'struct', 'time', 'interval', 'other']);

function lossOf({ name, batch, stream }: ComparedColumn): string[] {
  const types = `${batch.type} and ${stream.type}`;
  if (batch.family !== stream.family) {
    if (isTimestamp(batch.family)) return [`${name}: ${types} compared as UTC; the naive side is taken to be UTC`];
    if (batch.family === 'double' || stream.family === 'double') {
      return [`${name}: ${types} compared as decimal numbers; the double stands for its shortest decimal text`];
    }
    return [];
  }
  return batch.type !== stream.type && BY_TEXT.has(batch.family) ? [`${name}: ${types} compared by their texts`] : [];
}
