import { CutoverError, messageOf } from '../model/errors.js';
import type { SourceText } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';

/** One statement of a script with the line and column (1-based) of the script on which it starts. */
export interface Statement {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** The parts of SQL in which a semicolon does not end a statement. */
export const TOKEN =
  /(?<![A-Za-z0-9_])[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$((?:[A-Za-z_][A-Za-z0-9_]*)?)\$[\s\S]*?\$\1\$|;/g;

/** What may stand before a statement: its place is that of its first word. */
const LEAD = /^(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)*/;

/** Splits a SQL script at its semicolons, minding quotes, comments and dollar quotes. Statements of nothing but comments are left out. */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  const push = (end: number): void => {
    const raw = sql.slice(start, end);
    const lead = LEAD.exec(raw)?.[0].length ?? 0;
    if (lead === raw.length) return;
    const before = sql.slice(0, start + lead).split('\n');
    statements.push({ text: raw.slice(lead).trim(), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
  };
  for (const match of sql.matchAll(TOKEN)) {
    if (match[0] !== ';') continue;
    push(match.index);
    start = match.index + 1;
  }
  push(sql.length);
  return statements;
}

/** The one statement of a batch query, or of a view. Errors: SQL_FAILED when there is none or more than one. */
export function singleStatement(source: SourceText, of: 'batch job' | 'view' = 'batch job'): Statement {
  const statements = splitStatements(source.text);
  const [first, second] = statements;
  if (first === undefined || second !== undefined) {
    throw new CutoverError(
      'SQL_FAILED',
      `the ${of === 'view' ? 'view' : 'batch'} SQL holds ${statements.length} statements, a ${of} is one query`,
      `Write the ${of} as a single SELECT (use WITH for its steps).`,
      { place: { file: source.path, line: (source.firstLine ?? 1) - 1 + (second?.line ?? 1) } },
    );
  }
  return first;
}

/**
 * Runs every statement of a script in order. Errors: SQL_FAILED with file, line and column.
 *
 * @param before called before each statement
 */
export async function runScript(
  session: SqlSession,
  source: SourceText,
  statements: readonly Statement[],
  before?: (statement: Statement) => Promise<void>,
): Promise<void> {
  for (const statement of statements) {
    await before?.(statement);
    try {
      await session.run(statement.text);
    } catch (error) {
      throw sqlFailed(error, source, statement);
    }
  }
}

/**
 * The coded form of a statement's error.
 *
 * @param prefixLines lines that were put before the statement's own text
 */
export function sqlFailed(error: unknown, source: SourceText, statement: Statement, prefixLines = 0): CutoverError {
  const coded = error instanceof CutoverError ? error : undefined;
  // A missing table has its own code; where its name stands is told by the store's error behind it.
  if (coded !== undefined && (coded.code !== 'TABLE_MISSING' || coded.place !== undefined)) return coded;
  const message = messageOf(coded?.cause ?? error);
  const at = /^LINE (\d+): (.*)\n( *)\^/m.exec(message);
  const inStatement = at === null ? 1 : Number(at[1]) - prefixLines;
  const shown = at?.[2] ?? '';
  // An ellipsis means that the line was cut to fit, so that the caret no longer tells the column.
  const column =
    at === null || source.firstLine !== undefined || shown.startsWith('...')
      ? undefined
      : (at[3]?.length ?? 0) - `LINE ${at[1] ?? ''}: `.length + 1;
  const indent = inStatement === 1 ? statement.column - 1 : 0;
  const line = (source.firstLine ?? 1) - 1 + statement.line + Math.max(0, inStatement - 1);
  // Behind the cause DuckDB lists every overload of an operator: fifty of them for a plus.
  const what = message.split(/\n\n|\s*Candidate functions:/, 1)[0]?.replaceAll('\n', ' ') ?? message;
  const place = { file: source.path, line, ...(column !== undefined && column > 0 ? { column: column + indent } : {}) };
  if (coded !== undefined)
    return new CutoverError(coded.code, coded.message, coded.remedy, { place, cause: coded.cause });
  return new CutoverError('SQL_FAILED', what, remedyFor(what), { place, cause: error });
}

function remedyFor(what: string): string {
  if (/NOT NULL constraint failed/i.test(what)) {
    return "Give the column a value in the statement (coalesce), leave such events out, or allow NULL in the table by the stream job's `setup`.";
  }
  if (/Duplicate key/i.test(what)) {
    return 'Let the statement update the row that is there: INSERT ... ON CONFLICT (key) DO UPDATE.';
  }
  return 'Correct the statement and run again: nothing of this transaction was kept.';
}
