import { CutoverError } from './errors.js';
import type { FileFormat } from './project.js';

/** One part of a table's name; a store may fold the case of one that stood without quotes. */
export interface NamePart {
  readonly name: string;
  readonly quoted: boolean;
}

/** What of an endpoint is compared. `whole`: a file's rows; a database needs a table or a query. */
export type Relation =
  | { readonly kind: 'whole' }
  | { readonly kind: 'table'; readonly name: readonly NamePart[] }
  | { readonly kind: 'query'; readonly sql: string };

interface Common {
  readonly relation: Relation;
  /** For people: without passwords, and without the texts in a query. */
  readonly label: string;
}

/** One side of `cutover diff`: a table, a query or files that can be compared. */
export type Endpoint =
  | (Common & { readonly kind: 'duckdb' | 'sqlite'; readonly path: string })
  | (Common & { readonly kind: 'postgres' | 'mysql'; readonly url: string })
  /** A file, or a glob of files; of a query, the rows of the files are the table `data`. */
  | (Common & { readonly kind: 'file'; readonly format: FileFormat; readonly path: string });

export type DatabaseEndpoint = Extract<Endpoint, { kind: 'duckdb' | 'sqlite' | 'postgres' | 'mysql' }>;

const FORMS =
  'Write duckdb:FILE#schema.table, postgres://user@host/database#schema.table, or a file or glob that ends with .parquet, .csv, .tsv, .ndjson or .jsonl.';

const ENDINGS: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.(?:parquet|pq)$/i, 'parquet'],
  [/\.(?:csv|tsv)(?:\.(?:gz|zst))?$/i, 'csv'],
  [/\.(?:ndjson|jsonl|json)(?:\.(?:gz|zst))?$/i, 'ndjson'],
];

/** Most parts that a table's name has. */
const PARTS = { duckdb: 2, postgres: 2, mysql: 2, sqlite: 1 } as const;

/** How much of a query a label shows. */
const SHOWN = 60;

/**
 * Reads the text of an endpoint. The relation stands behind the first `#` after which a table's name or a query in parentheses follows, so that paths,
 * names in quotes and queries may hold that sign. No part of a URL stands in an error. Errors: ENDPOINT_INVALID.
 *
 * @param sql a query that stands for the relation, given beside the text
 */
export function parseEndpoint(text: string, sql?: string): Endpoint {
  const given = text.trim();
  if (given === '') throw invalid('an endpoint is empty', FORMS);
  const endpoint = databaseOf(given) ?? fileOf(given);
  if (sql === undefined) return endpoint;
  if (endpoint.relation.kind !== 'whole')
    throw invalid(`${endpoint.label} names what to compare, and a query was given besides`, 'Leave one of them out.');
  if (sql.trim() === '') throw invalid(`the query for ${endpoint.label} is empty`, 'Give a SELECT.');
  const relation: Relation = { kind: 'query', sql: sql.trim().replace(/;\s*$/, '') };
  return { ...endpoint, relation, label: `${endpoint.label}${relationLabel(relation)}` };
}

function databaseOf(text: string): Endpoint | undefined {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
    case 'mysql': {
      const kind = scheme === 'mysql' ? 'mysql' : 'postgres';
      const { place, relation } = split(text, PARTS[kind]);
      return { kind, url: place, relation, label: `${urlLabel(place, kind)}${relationLabel(relation)}` };
    }
    case 'duckdb':
    case 'sqlite':
      return inFile(scheme, text.slice(scheme.length + 1).replace(/^\/\/(?=\/)/, ''), text);
    case undefined:
      if (/\.(?:duckdb|ddb)(?:#|$)/i.test(text)) return inFile('duckdb', text, text);
      if (/\.sqlite3?(?:#|$)/i.test(text)) return inFile('sqlite', text, text);
      return undefined;
    default:
      return undefined;
  }
}

function inFile(kind: 'duckdb' | 'sqlite', rest: string, text: string): Endpoint {
  const { place: path, relation } = split(rest, PARTS[kind]);
  if (path === '') throw invalid(`${text} names no file`, `Write ${kind}:FILE#table.`);
  return { kind, path, relation, label: `${kind}:${path}${relationLabel(relation)}` };
}

function fileOf(text: string): Endpoint {
  const { place, relation } = split(text, 0);
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(place) ?? [];
  const forced = (['parquet', 'csv', 'ndjson'] as const).find((format) => format === scheme?.toLowerCase());
  // What stands before `://` may hold a password behind it.
  if (scheme !== undefined && forced === undefined && rest.startsWith('//'))
    throw invalid(`endpoints of the kind ${scheme}:// are not known`, FORMS);
  const path = forced === undefined ? place : rest;
  const format = forced ?? ENDINGS.find(([ending]) => ending.test(path))?.[1];
  if (format === undefined) {
    const named = /#[^/\\]*$/.test(path) && !/\.[a-z0-9]+$/i.test(path) ? path.replace(/#[^#]*$/, '') : undefined;
    if (named !== undefined && ENDINGS.some(([ending]) => ending.test(named)))
      throw invalid(
        `${path} names a table of a file, which has none`,
        'Leave out what stands behind the #, or write a query: #(select ... from data).',
      );
    throw invalid(
      `the ending of ${path} tells no format`,
      `${FORMS} A format may stand in front: csv:FILE, parquet:FILE, ndjson:FILE. Of a folder, name the files: FOLDER/*.parquet.`,
    );
  }
  if (path === '') throw invalid(`${text} names no file`, FORMS);
  return { kind: 'file', format, path, relation, label: `${path}${relationLabel(relation)}` };
}

/** Parts a text at the first `#` after which a relation follows. `most` 0: only a query can. */
function split(text: string, most: number): { place: string; relation: Relation } {
  for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1)) {
    const rest = text.slice(at + 1).trim();
    const relation = queryOf(rest) ?? tableOf(rest, most);
    if (relation !== undefined) return { place: text.slice(0, at), relation };
  }
  return { place: text, relation: { kind: 'whole' } };
}

function queryOf(text: string): Relation | undefined {
  if (!text.startsWith('(') || !text.endsWith(')')) return undefined;
  const sql = text.slice(1, -1).trim().replace(/;\s*$/, '');
  return sql === '' ? undefined : { kind: 'query', sql };
}

function tableOf(text: string, most: number): Relation | undefined {
  const parts: NamePart[] = [];
  const part = /(?:"((?:[^"]|"")+)"|([\p{L}\p{N}_$-]+))(\.|$)/uy;
  for (;;) {
    const found = part.exec(text);
    if (found === null) return undefined;
    const [, quoted, plain = '', end] = found;
    parts.push(
      quoted === undefined ? { name: plain, quoted: false } : { name: quoted.replaceAll('""', '"'), quoted: true },
    );
    if (end === '') return parts.length <= most ? { kind: 'table', name: parts } : undefined;
  }
}

/** A table's name as it is written in an endpoint. */
export function tableText(name: readonly NamePart[]): string {
  return name.map((part) => (part.quoted ? `"${part.name.replaceAll('"', '""')}"` : part.name)).join('.');
}

function relationLabel(relation: Relation): string {
  switch (relation.kind) {
    case 'whole':
      return '';
    case 'table':
      return `#${tableText(relation.name)}`;
    case 'query': {
      // A text in a query may be a password.
      const shown = relation.sql.replace(/'(?:[^']|'')*(?:'|$)|\$(\w*)\$.*?(?:\$\1\$|$)/gs, "'…'").replace(/\s+/g, ' ');
      return `#(${Array.from(shown).length > SHOWN ? `${Array.from(shown).slice(0, SHOWN).join('')}…` : shown})`;
    }
  }
}

/** A URL without password and parameters. */
function urlLabel(url: string, kind: 'postgres' | 'mysql'): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // Without the cause: it holds the whole text.
    throw invalid(
      `the ${kind} endpoint is not a URL`,
      `Write ${kind}://user@host:port/database#schema.table. In a user or password, write / as %2F, ? as %3F, # as %23 and @ as %40.`,
    );
  }
  // The end of a password that was not encoded: `postgres://user:12/34@host/db` names the host `user`.
  if (parsed.hash !== '' || parsed.pathname.includes('@') || /@/.test(parsed.search.replace(/[?&]user=[^&]*/, '')))
    throw invalid(
      `the ${kind} endpoint holds a sign that ends its password or its table's name too early`,
      `In a user or password, write / as %2F, ? as %3F, # as %23 and @ as %40; write a table's name with other signs than letters, digits and _ in double quotes.`,
    );
  const user = parsed.username || (parsed.searchParams.get('user') ?? '');
  const host = parsed.host || (parsed.searchParams.get('host') ?? '');
  return `${kind}://${user === '' ? '' : `${user}@`}${host}${parsed.pathname}`;
}

function invalid(what: string, remedy: string): CutoverError {
  return new CutoverError('ENDPOINT_INVALID', what, remedy);
}
