import { isNumeric, isTimestamp, type Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule, CompareConfig } from '../model/project.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { ComparedColumn } from './compared-column.js';
import { activeRules, checkRule, checkValues, unfit } from './rules.js';

/** What is compared and how; `lossy` names every column in which less than the full values is compared. */
export interface DiffColumns {
  readonly key: readonly ComparedColumn[];
  readonly compared: readonly ComparedColumn[];
  readonly lossy: readonly string[];
  readonly notes: readonly string[];
}

/** Two tables of one store, as relation SQL, and how they are compared. */
export interface ColumnsInput {
  readonly batch: string;
  readonly stream: string;
  readonly key: readonly string[];
  readonly rules: CompareConfig;
  /** YYYY-MM-DD. */
  readonly today: string;
}

/** Asks the store for the columns of both tables and pairs them. Errors: TABLE_MISSING, SQL_FAILED, those of `pairColumns`. */
export async function columnsOf(
  session: SqlSession,
  dialect: SqlDialect,
  { batch, stream, key, rules, today }: ColumnsInput,
): Promise<DiffColumns> {
  return pairColumns(await dialect.columns(session, batch), await dialect.columns(session, stream), key, rules, today);
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
  const { onStream, unpaired } = byBatchName(onBatch, stream, config.map ?? {});
  for (const [name, rule] of Object.entries(config.columns)) {
    if (key.includes(name)) throw ruleOfKey(name);
    checkValues(name, rule);
  }
  const ruled = [...new Set([...onBatch.keys(), ...onStream.keys()])].filter((name) => !key.includes(name));
  const { rules, notes } = activeRules(config, ruled, today);
  const fitting = new Fitting();

  const keys = key.map((name) => pairKey(name, onBatch, onStream));
  const compared: ComparedColumn[] = [];
  for (const column of batch) {
    const { rule = {}, under = column.name } = rules.get(column.name) ?? {};
    if (key.includes(column.name)) continue;
    if (rule.ignore === true) {
      notes.push(ignored(column.name, under, rule));
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
    compared.push(under === column.name ? checked(pair) : fitting.of(pair, under, notes));
  }
  for (const name of onStream.keys()) {
    const { rule = {}, under = name } = rules.get(name) ?? {};
    if (onBatch.has(name)) continue;
    notes.push(
      rule.ignore === true
        ? ignored(name, under, rule)
        : `column ${name} is only on the stream side and is not compared`,
    );
  }
  notes.push(...unpaired);
  fitting.requireAll();
  if (compared.length === 0) notes.push('no value is compared: the sides agree when they have the same keys');
  notes.push(...filters(config));
  return { key: keys, compared, lossy: [...keys.flatMap(lossOfKey), ...compared.flatMap(lossOf)], notes };
}

function checked(pair: ComparedColumn): ComparedColumn {
  checkRule(pair);
  return pair;
}

/** Rules of patterns: a column of a type for which its rule has no meaning is compared exactly, but there must be one that it fits. */
class Fitting {
  readonly #fits = new Map<string, boolean>();

  of(pair: ComparedColumn, pattern: string, notes: string[]): ComparedColumn {
    const problem = unfit(pair);
    this.#fits.set(pattern, this.#fits.get(pattern) === true || problem === undefined);
    if (problem === undefined) return pair;
    notes.push(
      `column ${pair.name} is compared exactly: \`${problem.kind}\` of ${pattern} needs ${problem.needs} and the column is ${pair.batch.type}`,
    );
    return { ...pair, rule: {} };
  }

  requireAll(): void {
    for (const [pattern, fits] of this.#fits) {
      if (fits) continue;
      throw new CutoverError(
        'RULE_INVALID',
        `the rule for columns ${pattern} has no meaning for the type of any of them`,
        'Correct the pattern, or remove the rule.',
      );
    }
  }
}

/** What is not looked at is said in every comparison. */
function ignored(name: string, under: string, rule: ColumnRule): string {
  const whose = under === name ? 'its rule' : `the rule of ${under}`;
  const why = rule.because === undefined ? '' : `, because: ${rule.because}`;
  const until = rule.until === undefined ? '' : ` (until ${rule.until})`;
  return `column ${name} is ignored by ${whose}${until}${why}`;
}

/** Which rows take no part. */
function filters({ where = {} }: CompareConfig): string[] {
  const { batch, stream } = where;
  if (batch === stream) return batch === undefined ? [] : [`only rows where ${batch} are compared`];
  return Object.entries({ batch, stream }).flatMap(([side, predicate]) =>
    predicate === undefined ? [] : [`of the ${side} side only rows where ${predicate} are compared`],
  );
}

type ByName = ReadonlyMap<string, Column>;

/** The stream side's columns by the names that they have on the batch side, and a note for each that has none. Errors: RULE_INVALID. */
function byBatchName(
  onBatch: ByName,
  stream: readonly Column[],
  map: NonNullable<CompareConfig['map']>,
): { onStream: ByName; unpaired: string[] } {
  const renamed = new Map<string, string>();
  const refuse = (what: string, columns: Iterable<string>): never => {
    throw new CutoverError('RULE_INVALID', what, `Correct \`map\`. Columns: ${[...columns].join(', ')}.`);
  };
  const names = stream.map(({ name }) => name);
  for (const [name, other] of Object.entries(map)) {
    if (!onBatch.has(name))
      refuse(`\`map\` names the column ${name}, which the batch side does not have`, onBatch.keys());
    if (!names.includes(other)) refuse(`\`map\` names the column ${other}, which the stream side does not have`, names);
    const before = renamed.get(other);
    if (before !== undefined) refuse(`\`map\` gives the column ${other} to both ${before} and ${name}`, names);
    renamed.set(other, name);
  }
  const onStream = new Map<string, Column>();
  const unpaired: string[] = [];
  for (const column of stream) {
    const { name } = column;
    const batch = renamed.get(name);
    if (batch === undefined && Object.hasOwn(map, name))
      unpaired.push(`column ${name} of the stream side is not compared: \`map\` takes ${map[name] ?? ''} in its place`);
    else onStream.set(batch ?? name, column);
  }
  return { onStream, unpaired };
}

function ruleOfKey(name: string): CutoverError {
  return new CutoverError(
    'RULE_INVALID',
    `there is a rule for the key column ${name}`,
    'Remove the rule: keys are always compared exactly.',
  );
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
  requireComparable(pair, 'key column');
  return pair;
}

function requireComparable({ name, batch, stream }: ComparedColumn, what = 'column'): void {
  const same = batch.family === stream.family;
  const numeric = isNumeric(batch.family) && isNumeric(stream.family);
  const timestamps = isTimestamp(batch.family) && isTimestamp(stream.family);
  if (same || numeric || timestamps) return;
  throw new CutoverError(
    'TYPE_MISMATCH',
    `${what} ${name} is ${batch.type} on the batch side and ${stream.type} on the stream side`,
    'Cast the column to one type in one of the two jobs.',
  );
}

/** Families of which types with other names hold values that are only alike as text. */
const BY_TEXT = new Set(['list', 'struct', 'time', 'other']);

/** A type of PostgreSQL whose values are filled up with blanks. */
const PADDED = /^character\(/;

function lossOf({ name, batch, stream }: ComparedColumn): string[] {
  const types = `${batch.type} and ${stream.type}`;
  if (batch.family !== stream.family) {
    if (isTimestamp(batch.family)) return [`${name}: ${types} compared as UTC; the naive side is taken to be UTC`];
    if (batch.family === 'double' || stream.family === 'double') {
      return [`${name}: ${types} compared as decimal numbers; the double stands for its shortest decimal text`];
    }
    return [];
  }
  if (batch.type === stream.type) {
    // Structs of DuckDB have an equality of their own.
    return batch.family === 'struct' && !/^(STRUCT|MAP|UNION)/i.test(batch.type)
      ? [`${name}: ${batch.type} compared by its text`]
      : [];
  }
  if (batch.family === 'double')
    return [`${name}: ${types} compared as doubles; a single float is the double that it widens to`];
  if (PADDED.test(batch.type) !== PADDED.test(stream.type))
    return [
      `${name}: ${types} compared without the blanks that fill up ${PADDED.test(batch.type) ? batch.type : stream.type}`,
    ];
  return BY_TEXT.has(batch.family) ? [`${name}: ${types} compared by their texts`] : [];
}

/** Keys are joined in SQL, where nobody reads their JSON. */
function lossOfKey(column: ComparedColumn): string[] {
  const { name, batch } = column;
  return batch.family === 'json' ? [`${name}: a key of type ${batch.type} is compared by its text`] : lossOf(column);
}
