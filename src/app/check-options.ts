import { suggestion } from '../config/suggest.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule } from '../model/project.js';
import type { CompareTablesOptions } from './diff-options.js';

/** What an option must be, in words, and whether a value is that; or the options within it. */
type Shape = readonly [must: string, holds: (value: unknown) => boolean] | { readonly [name: string]: Shape };

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TEXT: Shape = ['a text', isText];
const TEXTS: Shape = ['a list of texts', isTexts];
const TRUTH: Shape = ['true or false', (value) => typeof value === 'boolean'];
const COUNT: Shape = ['a whole number above 0', (value) => Number.isSafeInteger(value) && Number(value) > 0];
const TIME: Shape = ['milliseconds, 1 or more', (value) => isNumber(value) && Number.isFinite(value) && value >= 1];
const LEEWAY: Shape = [
  'a share from 0 to below 1, such as 0.001',
  (value) => isNumber(value) && value >= 0 && value < 1,
];
const among = (...choices: readonly string[]): Shape => [
  choices.map((choice) => `'${choice}'`).join(' or '),
  (value) => choices.some((choice) => choice === value),
];

/** What it holds is checked where the columns are known. */
const RULE: { readonly [Name in keyof ColumnRule]-?: Shape } = {
  absolute: ["a decimal number as a text, such as '0.01'", isText],
  relative: ['a number', isNumber],
  round: ['a number', isNumber],
  within: ['milliseconds', isNumber],
  ignore: TRUTH,
  nullEquals: among('zero', 'empty'),
  set: TRUTH,
  case: among('ignore'),
  whitespace: among('trim', 'collapse'),
  ignorePaths: TEXTS,
  because: TEXT,
  until: ['a day as YYYY-MM-DD', isDay],
};

const OPTIONS: { readonly [Name in keyof CompareTablesOptions]-?: Shape } = {
  left: TEXT,
  right: TEXT,
  leftSql: TEXT,
  rightSql: TEXT,
  key: ['a list of one name or more', (value) => isTexts(value) && Array.isArray(value) && value.length > 0],
  columns: TEXTS,
  ignore: TEXTS,
  rules: {
    columns: ['an object of rules by column', isObject],
    where: { batch: TEXT, stream: TEXT },
    map: [
      'an object of names on the right by names on the left',
      (value) => isObject(value) && isTexts(Object.values(value)),
    ],
  },
  limit: [
    'a whole number, 0 or more',
    (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 0),
  ],
  stopAfter: COUNT,
  sample: ['a share above 0 and up to 1, such as 0.01', (value) => isNumber(value) && value > 0 && value <= 1],
  profile: [
    'null or { sums: true or false }',
    (value) => value === null || (isObject(value) && typeof value['sums'] === 'boolean'),
  ],
  strict: TRUTH,
  maxMismatchRate: LEEWAY,
  network: among('local', 'remote'),
  strategy: among('digest', 'join'),
  settle: { delay: TIME, rounds: COUNT, maxInFlux: LEEWAY },
  keep: { check: TRUTH, checkEvery: TIME },
  statementTimeout: TIME,
  resume: TEXT,
  gentle: TRUTH,
  busyAbove: COUNT,
  memoryLimit: [
    "a size such as '2GB'",
    (value) => typeof value === 'string' && /^\s*\d+(?:\.\d+)?\s*[kmgt]i?b\s*$/i.test(value),
  ],
  cwd: TEXT,
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  progress: ['an object with update()', (value) => isObject(value) && typeof value['update'] === 'function'],
};

/**
 * Refuses options that are not there or have no meaning: a name that nobody reads would leave rows or differences out of account, and a number that is none
 * would allow any. Types say the same, where there are types. Errors: USAGE.
 */
export function checkOptions(options: unknown): void {
  checkMembers('', options, OPTIONS);
  const { left, right, rules } = isObject(options) ? options : {};
  if (left === undefined || right === undefined)
    throw refused(`option ${left === undefined ? 'left' : 'right'} is missing`, 'Name the table or the file.');
  const { columns } = isObject(rules) ? rules : {};
  if (rules !== undefined && columns === undefined)
    throw refused('option rules.columns is missing', 'Give the rules by column; {} where there are none.');
  for (const [name, rule] of Object.entries(isObject(columns) ? columns : {}))
    checkMembers(`rules.columns.${name}.`, rule, RULE);
}

function checkMembers(within: string, given: unknown, shapes: { readonly [name: string]: Shape }): void {
  if (!isObject(given)) throw mustBe(within.slice(0, -1), 'an object', given);
  for (const [name, value] of Object.entries(given)) {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape === undefined) {
      const meant = suggestion(name, Object.keys(shapes));
      throw refused(
        `there is no option ${within}${name}`,
        meant === undefined ? `Options: ${Object.keys(shapes).join(', ')}.` : `Did you mean ${within}${meant}?`,
      );
    }
    if (value === undefined) continue;
    if (!isShapes(shape)) {
      const [must, holds] = shape;
      if (!holds(value)) throw mustBe(`${within}${name}`, must, value);
    } else checkMembers(`${within}${name}.`, value, shape);
  }
}

function isShapes(shape: Shape): shape is { readonly [name: string]: Shape } {
  return !Array.isArray(shape);
}

function isDay(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}

function mustBe(name: string, must: string, value: unknown): CutoverError {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return refused(
    `${name === '' ? 'what is asked' : `option ${name}`} is ${(text ?? typeof value).slice(0, 60)}`,
    `Give ${must}.`,
  );
}

function refused(what: string, remedy: string): CutoverError {
  return new CutoverError('USAGE', what, remedy);
}
