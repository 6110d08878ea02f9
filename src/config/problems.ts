import path from 'node:path';
import type { ErrorCode } from '../model/error-codes.js';
import { CutoverError } from '../model/errors.js';

/** The path of a key: names and, inside lists, indexes from 0. */
export type KeyPath = readonly (string | number)[];

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

export type ProblemCode = Extract<
  ErrorCode,
  'CONFIG_INVALID' | 'CONFIG_VARIABLE_UNSET' | 'CONFIG_FILE_MISSING' | 'PIPELINE_CYCLE'
>;

/** One thing that is wrong with a configuration file. */
export interface Problem {
  readonly code: ProblemCode;
  readonly path: KeyPath;
  readonly message: string;
  readonly position: Position;
}

const LISTED = 20;

/** The most basic kind of problem names the error: what stands further down may only follow from it. */
const PRECEDENCE: readonly ProblemCode[] = [
  'CONFIG_VARIABLE_UNSET',
  'CONFIG_INVALID',
  'PIPELINE_CYCLE',
  'CONFIG_FILE_MISSING',
];

const REMEDIES: Readonly<Record<ProblemCode, string>> = {
  CONFIG_VARIABLE_UNSET: 'Set the variable in the environment, or write a default: ${NAME:-default}.',
  CONFIG_INVALID: 'Correct the configuration file; docs/configuration.md describes every key.',
  PIPELINE_CYCLE: 'Take one of the names out of `after`, so that some pipeline comes first.',
  CONFIG_FILE_MISSING:
    'Create the file or correct its path; paths are relative to the folder of the configuration file.',
};

/** `pipelines.daily.canary.steps[2]`; names with other than word characters stand in quotes. */
export function formatPath(keys: KeyPath): string {
  let out = '';
  for (const key of keys) {
    if (typeof key === 'number') out += `[${key}]`;
    else if (/^[\w-]+$/.test(key)) out += out === '' ? key : `.${key}`;
    else out += `[${JSON.stringify(key)}]`;
  }
  return out;
}

/** The file as it is shown: relative to the working folder when it lies inside it. */
export function shownFile(file: string, cwd: string): string {
  const relative = path.relative(cwd, path.resolve(cwd, file));
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/**
 * One error for all problems, in the order of the file, at most 20 of them listed. `problems` must not be empty.
 *
 * @param invalid how a file that is not the configuration is called invalid
 */
export function problemsError(
  problems: readonly Problem[],
  file: string,
  shown: string,
  invalid: { readonly code: ErrorCode; readonly remedy: string } = {
    code: 'CONFIG_INVALID',
    remedy: REMEDIES.CONFIG_INVALID,
  },
): CutoverError {
  const sorted = [...problems].sort(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  const lines = sorted.slice(0, LISTED).map((problem) => {
    const at = formatPath(problem.path);
    return `${shown}:${problem.position.line}:${problem.position.column} ${at === '' ? '' : `${at}: `}${problem.message}`;
  });
  if (sorted.length > LISTED) lines.push(`... and ${sorted.length - LISTED} more`);
  const first = sorted[0];
  const code = PRECEDENCE.find((one) => problems.some((problem) => problem.code === one)) ?? 'CONFIG_INVALID';
  const place = { file, ...(first && { ...first.position, path: formatPath(first.path) }) };
  const named = code === 'CONFIG_INVALID' ? invalid : { code, remedy: REMEDIES[code] };
  return new CutoverError(named.code, lines.join('\n'), named.remedy, { place });
}
