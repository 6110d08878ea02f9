import { CutoverError, type ErrorPlace } from '../model/errors.js';
import { namesRelation, type Token } from './sql-tokens.js';

/** The part of a pipeline that a text is, or a view: it decides which names stand for the events. */
export type JobPart = 'batch' | 'stream' | 'setup' | 'view';

type PlaceOf = (index: number) => ErrorPlace;

const CONTROL = new Set([
  'BEGIN',
  'START',
  'COMMIT',
  'END',
  'ROLLBACK',
  'ABORT',
  'SAVEPOINT',
  'RELEASE',
  'CHECKPOINT',
  'FORCE',
]);

/** Statements that change where unqualified names lead, or what else the session sees. */
const SESSION = new Set(['SET', 'RESET', 'USE', 'ATTACH', 'DETACH', 'PRAGMA', 'DISCARD']);

/** What a job can be made of. Everything else runs a text, or reaches what belongs to no side: EXECUTE, CALL, EXPLAIN ANALYZE, EXPORT DATABASE. */
const ALLOWED = new Set([
  ...['SELECT', 'WITH', 'FROM', 'TABLE', 'VALUES', 'PIVOT', 'UNPIVOT', '('],
  ...['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TRUNCATE', 'COPY', 'LOCK'],
  ...['CREATE', 'ALTER', 'DROP', 'COMMENT', 'GRANT', 'REVOKE', 'ANALYZE', 'DO', 'INSTALL', 'LOAD'],
]);

/** What a query begins with. */
const QUERIES = new Set(['SELECT', 'WITH', 'FROM', 'TABLE', 'VALUES', 'PIVOT', 'UNPIVOT', '(']);

/** Statements that define something, and those that name what they change right behind their first words. */
const DEFINING = new Set(['CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'COPY']);

/** Words behind which a defining statement names its object. */
const BEFORE_OBJECT = new Set([
  ...['TABLE', 'VIEW', 'SEQUENCE', 'INDEX', 'FUNCTION', 'PROCEDURE', 'MACRO', 'TYPE'],
  ...['EXISTS', 'ONLY', 'TRUNCATE', 'COPY'],
]);

/** Schemas of temporary tables. */
const TEMPORARY_SCHEMAS = new Set(['temp', 'pg_temp']);

/** Functions that take SQL, a table's name or a setting as text: what they reach cannot be told from the statement. */
const TEXT_AS_SQL =
  /^(?:query|query_table|read_duckdb|set_config|(?:query|table|cursor|schema|database)_to_xml(?:schema|_and_xmlschema)?)$/;

/** Those of them that give rows: behind a comma outside FROM they are names of the user's own. */
const RELATIONS = new Set(['query', 'query_table', 'read_duckdb']);

/** Refuses kinds of statements that no job may hold. Errors: SQL_FAILED, SQL_REACHES_ACROSS. */
export function refuseStatement(part: JobPart, tokens: readonly Token[], at: PlaceOf): void {
  const words = tokens.map(({ text }) => text.toUpperCase());
  const [word = ''] = words;
  const place = at(0);
  if (CONTROL.has(word)) {
    throw new CutoverError(
      'SQL_FAILED',
      `a job may not control the transaction it runs in: ${word}`,
      'Leave the statement out: all of a job runs in the one transaction of its micro-batch.',
      { place },
    );
  }
  if (SESSION.has(word)) {
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `the ${part} SQL may not change the session it runs in: ${word}`,
      "Leave the statement out: names without a schema lead to the tables of the job's own side.",
      { place },
    );
  }
  // Batch SQL is wrapped as a query, which says more of what is wrong with it.
  if (part === 'view' && !QUERIES.has(word)) {
    throw new CutoverError(
      'SQL_FAILED',
      `the view SQL may not hold a statement ${word}: a view is one query`,
      'Write the view as a single SELECT (use WITH for its steps).',
      { place },
    );
  }
  if (part !== 'batch' && !ALLOWED.has(word)) {
    throw new CutoverError(
      'SQL_FAILED',
      `the ${part} SQL may not hold a statement ${word}: it would reach more than the tables of the job's own side`,
      'Write a job as statements that read and change tables (SELECT, INSERT, UPDATE, DELETE, MERGE, CREATE, ...).',
      { place },
    );
  }
  const schema = ['CREATE', 'ALTER', 'DROP'].includes(word)
    ? words.findIndex((one, i) =>
        (i > 0 && i < 4) || word === 'ALTER' ? one === 'SCHEMA' || one === 'DATABASE' : false,
      )
    : -1;
  if (schema > 0) {
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `the ${part} SQL may not change schemas: ${word} ... ${words[schema] ?? ''}`,
      "Create tables without a schema: they stand on the job's own side.",
      { place: at(tokens[schema]?.index ?? 0) },
    );
  }
  if (word === 'COPY' && words.includes('TO')) {
    throw new CutoverError(
      'SQL_FAILED',
      `the ${part} SQL may not write a file: COPY ... TO`,
      'Leave the statement out: a file is not undone with the transaction, and every rebuild would write it again.',
      { place },
    );
  }
}

/**
 * Refuses statements of the stream side that change what is not its own: tables in a schema that they name (a rebuild makes only the tables of the side
 * anew, so that theirs would hold every event twice) and the events themselves, which the jobs of other pipelines are still to see. Errors: SQL_REACHES_ACROSS.
 */
export function refuseWrites(tokens: readonly Token[], at: PlaceOf): void {
  const head = tokens.slice(0, 4).map(({ text }) => text.toUpperCase());
  const defining = DEFINING.has(head[0] ?? '');
  const index = defining && head.includes('INDEX');
  for (const [i, { name, text, index: start }] of tokens.entries()) {
    const before = tokens[i - 1]?.text.toUpperCase() ?? '';
    const earlier = tokens[i - 2]?.text.toUpperCase() ?? '';
    const written =
      before === 'INTO' ||
      (before === 'UPDATE' && !['DO', 'FOR', 'THEN', 'KEY', 'ON', 'OR'].includes(earlier)) ||
      (before === 'FROM' && earlier === 'DELETE') ||
      (defining && i < 8 && (BEFORE_OBJECT.has(before) || (index && before === 'ON')));
    if (name === null || !written) continue;
    if (tokens[i + 1]?.text !== '.') {
      if (name !== 'batch_events') continue;
      throw new CutoverError(
        'SQL_REACHES_ACROSS',
        'a stream job may not change `batch_events`: the jobs of other pipelines read it too',
        'Leave events out where they are read, by WHERE.',
        { place: at(start) },
      );
    }
    if (TEMPORARY_SCHEMAS.has(name)) continue;
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `a stream job may change tables of its own side only, not ${text}.${tokens[i + 2]?.text ?? ''}`,
      'Create the table in `setup` and name it without a schema: a rebuild makes it anew with the others.',
      { place: at(start) },
    );
  }
}

/** Refuses functions whose argument is SQL or the name of a table: names in a text are not looked at. Errors: SQL_REACHES_ACROSS. */
export function refuseTextAsSql(tokens: readonly Token[], at: PlaceOf): void {
  for (const [i, { name, text, index }] of tokens.entries()) {
    if (name === null || !TEXT_AS_SQL.test(name) || tokens[i + 1]?.text !== '(') continue;
    const before = tokens[i - 1]?.text.toUpperCase() ?? '';
    // A common table expression or a table of that name, with its columns.
    if (
      ['WITH', 'RECURSIVE', 'INTO', 'TABLE'].includes(before) ||
      (before === ',' && RELATIONS.has(name) && !namesRelation(tokens, i))
    )
      continue;
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `a job may not call ${text}(): what its text reaches cannot be told`,
      'Name the tables in the statement itself.',
      { place: at(index) },
    );
  }
}
