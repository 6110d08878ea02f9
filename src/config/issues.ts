import type { z } from 'zod';
import type { Part } from './source.js';
import type { KeyPath } from './problems.js';
import { hint, suggestion } from './suggest.js';

/** What the validator found, put in the words of the file's author. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly part: Part;
}

type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of plain values; undefined when it is not there. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  let at = value;
  for (const key of path) {
    if (Array.isArray(at)) at = typeof key === 'number' ? at[key] : undefined;
    else at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

/** The text as written of a value that came from a variable. */
export type Placeholders = (path: KeyPath) => string | undefined;

/** What stands there, short enough for one line. What a variable holds may be secret: only its name is shown. */
function shownValue(value: unknown, placeholder: string | undefined): string {
  if (placeholder !== undefined) return `the value of ${placeholder}`;
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function keyPath(path: readonly PropertyKey[]): KeyPath {
  return path.map((key) => (typeof key === 'number' ? key : String(key)));
}

function limit(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, shown: string): string {
  const least = issue.code === 'too_small';
  const bound = String(least ? issue.minimum : issue.maximum);
  if (issue.origin === 'array')
    return least ? `must have at least ${bound} entry` : `must have at most ${bound} entries`;
  const relation = least ? (issue.inclusive ? 'at least' : 'greater than') : issue.inclusive ? 'at most' : 'less than';
  return `must be ${relation} ${bound}, not ${shown}`;
}

/** The message of a validator's own wording, which always starts alike, is replaced; ours are kept. */
function own(message: string): string | undefined {
  return /^(Invalid|Too |Unrecognized)/.test(message) ? undefined : message;
}

function options(known: readonly unknown[], value: unknown, shown: string): string {
  const names = known.filter((name) => name !== undefined).map(String);
  if (value === undefined) return `is missing; it must be ${names.join(' or ')}`;
  if (typeof value === 'string') return `${shown} is not known${hint(value, names)}`;
  return `must be ${names.join(' or ')}, not ${shown}`;
}

/** Keys of a pipeline that are often looked for at the top. */
const OF_PIPELINES = ['key', 'after', 'batch', 'stream', 'compare', 'gate', 'canary'];

function misplaced(key: string, path: KeyPath): string | undefined {
  const near = path.length === 0 ? suggestion(key, OF_PIPELINES) : undefined;
  return near === undefined ? undefined : `unknown key; "${near}" belongs under pipelines.<name>`;
}

/** Without quotes the comma of `{ amount: decimal(18,2) }` begins the next key, `2)`: one mistake, told once. */
function cutDecimal(input: unknown, columns: unknown): string | undefined {
  const precision = typeof input === 'string' ? /^decimal\(\s*(\d+)\s*$/.exec(input)?.[1] : undefined;
  if (precision === undefined || !isRecord(columns)) return undefined;
  const scale = Object.keys(columns).find((name) => /^\d+\)(\[\])?$/.test(name));
  return `must be in quotes, because of its comma: "decimal(${precision},${scale ?? '2)'}"`;
}

/** Translates one issue; `value` is the whole input, `prefix` the place of the part that was validated. */
function translate(issue: Issue, value: unknown, prefix: KeyPath, placeholders: Placeholders): Finding[] {
  const path = [...prefix, ...keyPath(issue.path)];
  const input = valueAt(value, path);
  const shown = shownValue(input, placeholders(path));
  const cut = cutDecimal(input, valueAt(value, path.slice(0, -1)));
  if (cut !== undefined) return [{ path, message: cut, part: 'value' }];
  if (input === null && /^\d+\)(\[\])?$/.test(String(path.at(-1)))) {
    const beside = valueAt(value, path.slice(0, -1));
    if (isRecord(beside) && Object.values(beside).some((one) => cutDecimal(one, beside) !== undefined)) return [];
  }
  const finding = (message: string, part: Part = 'value'): Finding[] => [{ path, message, part }];
  if (input === null && issue.code !== 'unrecognized_keys') return finding('is empty; give it a value or leave it out');
  switch (issue.code) {
    case 'unrecognized_keys': {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        message: misplaced(key, path) ?? messages[index] ?? 'unknown key',
        part: 'key',
      }));
    }
    case 'invalid_key':
      return finding(issue.issues[0]?.message ?? 'is not a possible name', 'key');
    case 'invalid_type':
      if (input === undefined) return finding('is missing');
      // A key that is refused whatever it holds says why.
      if (issue.expected === 'never') return finding(issue.message, 'key');
      return finding(`${own(issue.message) ?? `must be ${EXPECTED[issue.expected] ?? issue.expected}`}, not ${shown}`);
    case 'invalid_value':
      return finding(
        own(issue.message) && input !== undefined
          ? `${issue.message}, not ${shown}`
          : options(issue.values, input, shown),
      );
    case 'too_small':
    case 'too_big':
      return finding(own(issue.message) ?? limit(issue, shown));
    case 'invalid_union': {
      if (input === undefined && issue.errors.length > 0) return finding('is missing');
      if (issue.errors.length === 0)
        return finding(options('options' in issue && Array.isArray(issue.options) ? issue.options : [], input, shown));
      // The alternative that was meant is the one that accepts this kind of value, and all of its keys.
      const scalar = !isRecord(input) && !Array.isArray(input);
      const possible = issue.errors.filter(
        (branch) =>
          !branch.some(
            ({ code, path: { length } }) =>
              length === 0 && (code === 'invalid_type' || (code === 'invalid_value' && !scalar)),
          ),
      );
      const meant =
        possible.find(
          (branch) => !branch.some((inner) => inner.code === 'unrecognized_keys' && inner.path.length === 0),
        ) ?? (possible.length === 1 ? possible[0] : undefined);
      if (meant === undefined) return finding(`${own(issue.message) ?? 'is not possible'}, not ${shown}`);
      return meant.flatMap((inner) => translate(inner, value, path, placeholders));
    }
    default:
      return finding(own(issue.message) ?? 'is not possible');
  }
}

/** All of a validator's issues as findings; `value` is what was validated. */
export function findings(error: z.ZodError, value: unknown, placeholders: Placeholders): Finding[] {
  return error.issues.flatMap((issue) => translate(issue, value, [], placeholders));
}

/** What the validator wanted where it found another kind of value than a number or a truth value. */
export function wantsScalar(issue: Issue): 'number' | 'boolean' | undefined {
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'number' || issue.expected === 'int') return 'number';
    return issue.expected === 'boolean' ? 'boolean' : undefined;
  }
  if (issue.code !== 'invalid_value') return undefined;
  if (issue.values.some((value) => typeof value === 'number')) return 'number';
  return issue.values.some((value) => typeof value === 'boolean') ? 'boolean' : undefined;
}
