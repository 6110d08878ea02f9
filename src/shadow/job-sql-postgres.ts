import { namesRelation, type Token } from './sql-tokens.js';

/** What PostgreSQL offers a job to get around the checks of names, and where in the statement it is used. */
interface Refused {
  readonly index: number;
  readonly what: string;
  readonly remedy: string;
}

/** Statements that run text which is not looked at, reach outside the database, or outlive the transaction. */
const STATEMENTS: Readonly<Record<string, string>> = {
  DO: 'runs code that is not looked at',
  CALL: 'runs a procedure, which may end the transaction',
  EXECUTE: 'runs a statement that was prepared elsewhere',
  PREPARE: 'outlives the micro-batch',
  DEALLOCATE: 'belongs to the session',
  COPY: 'reads or writes outside the database, or waits for the client',
  LISTEN: 'belongs to the session',
  UNLISTEN: 'belongs to the session',
  LOAD: 'changes the session',
  IMPORT: 'makes tables of another server',
  GRANT: 'changes rights',
  REVOKE: 'changes rights',
  REASSIGN: 'changes rights',
  VACUUM: 'cannot run in a transaction',
};

/** Functions that change the session, take a query or a table by its text, or reach outside the database. */
const FUNCTIONS =
  /^(?:set_config|dblink\w*|lo_(?:im|ex)port|pg_read_\w+|pg_ls_\w+|pg_(?:terminate|cancel)_backend|pg_(?:try_)?advisory_\w+|pg_reload_conf|(?:query|table|schema|database|cursor)_to_xml\w*|ts_stat|crosstab\w*|connectby|xpath_table)$/;

/** What a job may create: a rebuild makes these anew in another schema, swaps them in, and drops the former ones. */
const CREATES = new Set(['TABLE', 'VIEW', 'INDEX', 'SEQUENCE', 'TEMP', 'TEMPORARY', 'UNLOGGED', 'UNIQUE', 'RECURSIVE']);

const CATALOGS = new Set(['information_schema', 'pg_catalog', 'pg_toast', 'pg_temp']);

const PLAIN =
  'Leave it out: a job reads and writes tables of its own side, by plain names, in SQL that can be looked at.';

/** The first thing in a statement of a job that PostgreSQL would let reach around the checks of names; null when there is none. */
export function reachesAround(tokens: readonly Token[]): Refused | null {
  const [first] = tokens;
  const word = first?.text.toUpperCase() ?? '';
  const reason = STATEMENTS[word];
  if (reason !== undefined) return { index: 0, what: `${word}, which ${reason}`, remedy: PLAIN };
  const [created, at] = createdBy(tokens);
  if (created !== undefined && !CREATES.has(created)) {
    return {
      index: at,
      what: `CREATE ${created}`,
      remedy:
        'A job creates tables, views, indexes and sequences. Anything else is to be made once by hand, in a schema of its own, and named with it.',
    };
  }
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1]?.text;
    if (startsEscapedName(tokens, i))
      return { index: token.index, what: 'a name in Unicode escapes (U&"...")', remedy: 'Write the name plainly.' };
    if (token.name === null) continue;
    if (FUNCTIONS.test(token.name) && next === '(')
      return { index: token.index, what: `the function ${token.text}`, remedy: PLAIN };
    const before = tokens[i - 1]?.text;
    if (/^reg(?:class|namespace|proc|procedure)$/.test(token.name) && before === ':')
      return { index: token.index, what: `a table by its text (${token.text})`, remedy: PLAIN };
    if (before === '.' || !namesRelation(tokens, i)) continue;
    const called = next === '.' ? tokens[i + 3]?.text === '(' : next === '(';
    const catalog = next === '.' ? CATALOGS.has(token.name) : /^pg_/.test(token.name);
    if (catalog && !called)
      return {
        index: token.index,
        what: `the catalog ${token.text}`,
        remedy: 'A job reads events and tables of its own side.',
      };
  }
  return null;
}

/** `U&"..."`, without blanks between. */
function startsEscapedName(tokens: readonly Token[], i: number): boolean {
  const [u, sign, name] = tokens.slice(i, i + 3);
  if (u === undefined || sign?.text !== '&' || name?.text.startsWith('"') !== true) return false;
  return /^u$/i.test(u.text) && sign.index === u.index + 1 && name.index === u.index + 2;
}

/** The word behind CREATE [OR REPLACE], and its index in the statement's text. */
function createdBy(tokens: readonly Token[]): [string | undefined, number] {
  if (tokens[0]?.text.toUpperCase() !== 'CREATE') return [undefined, 0];
  const kind = tokens[1]?.text.toUpperCase() === 'OR' ? tokens[3] : tokens[1];
  return [kind?.text.toUpperCase(), kind?.index ?? 0];
}
