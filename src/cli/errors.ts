import { CutoverError, messageOf } from '../model/errors.js';
import type { ErrorPlace } from '../model/errors.js';
import { jsonText, visible } from '../report/cells.js';
import { painter } from '../report/table/paint.js';

export interface ErrorOptions {
  /** As one JSON object (`cutover.error/v1`) instead of text. */
  readonly json: boolean;
  /** With the stack and the causes. */
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Everything that is thrown as an error with a code: what has none is a defect of the program. */
export function asCutoverError(error: unknown): CutoverError {
  if (error instanceof CutoverError) return error;
  return new CutoverError(
    'INTERNAL',
    messageOf(error),
    'This is a defect: run again with --verbose and report it with the stack.',
    { cause: error },
  );
}

/**
 * `error[CODE]: what`, `  at file:line:column key.path`, `  help: what to do`. Messages can hold data, which must not control the terminal.
 */
export function errorText(thrown: unknown, options: ErrorOptions): string {
  const error = asCutoverError(thrown);
  // Where in the program a wrong command line was noticed helps nobody.
  const verbose = options.verbose && (error.code !== 'USAGE' || error.cause !== undefined);
  if (options.json) {
    const { code, message, remedy } = error;
    const stack = verbose ? { stack: stackOf(error) } : {};
    return `${jsonText({ schema: 'cutover.error/v1', code, message, remedy, place: error.place ?? null, ...stack })}\n`;
  }
  const paint = painter(options.color);
  const place = error.place === undefined ? '' : placeText(error.place);
  // Several problems at once stand on a line each, further in than anything that is not part of the message. The message of a defect is
  // nobody's own wording: it stays on its line.
  const [what = '', ...more] = error.code === 'INTERNAL' ? [error.message] : error.message.split('\n');
  const lines = [
    `${paint(`error[${error.code}]`, 'bold', 'red')}: ${visible(what)}`,
    ...more.map((line) => `    ${visible(line)}`),
    ...(place === '' ? [] : [`  at ${visible(place)}`]),
    `  ${paint('help', 'cyan')}: ${visible(error.remedy)}`,
    ...(verbose
      ? stackOf(error)
          .split('\n')
          .map((line) => paint(`  ${visible(line)}`, 'dim'))
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function placeText(place: ErrorPlace): string {
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  return [position, place.path].filter((part) => part !== undefined && part !== '').join(' ');
}

/** The stack of an error and of what caused it, innermost last. */
function stackOf(error: CutoverError): string {
  const stacks: string[] = [];
  let next: unknown = error;
  for (let depth = 0; next instanceof Error && depth < 10; depth += 1) {
    stacks.push(`${depth === 0 ? '' : 'caused by: '}${next.stack ?? next.message}`);
    next = next.cause;
  }
  return stacks.join('\n');
}
