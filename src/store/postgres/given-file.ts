import type { Column } from '../../model/column.js';
import type { FileLoad, Place, SqlSession } from '../contract.js';
import { fileRelation, type GivenFile } from '../file-relation.js';
import { ndjsonMembers } from '../ndjson-members.js';
import { elementsOf, textOfMember, unmarkedMember } from '../ndjson-sql.js';
import { askingDuckDb, typesOf } from './interchange.js';
import { quote } from './names.js';

/** The temporary table in which the file's values stand as texts. */
const STAGED = 'cutover_given_file';

/**
 * See `SqlSession.loadFile`. A DuckDB in memory reads the file and gives each value's text; PostgreSQL reads the texts in its own types, and each value
 * is held against its text there.
 */
export async function loadFile(
  session: SqlSession,
  name: string,
  file: GivenFile,
  wanted: readonly Column[],
  place: Place = 'session',
): Promise<FileLoad> {
  const found = await givenTexts(file, wanted);
  if (found.kind !== 'texts') return found;
  const { given } = found;
  await session.load(
    STAGED,
    {
      kind: 'relation',
      sql: `(SELECT ${named(found.texts, wanted)} FROM ${found.source} AS cutover_file) AS cutover_texts`,
    },
    wanted.map((column) => ({ name: column.name, type: column.family === 'list' ? 'text[]' : 'text' })),
  );
  const staged = `pg_temp.${quote(STAGED)}`;
  const casts = wanted.map((column) => ({ column, ...castOf(quote(column.name), column, given(column)) }));
  for (const { column, changed } of casts) {
    if (changed === undefined) continue;
    const [row] = await session.query(
      `SELECT min(CAST(${quote(column.name)} AS TEXT) COLLATE "C") AS value FROM ${staged} WHERE ${changed}`,
    );
    const value = row?.['value'] ?? null;
    if (value !== null) return { kind: 'lossy', column, value: String(value) };
  }
  const values = casts.map(({ column, value }) => `${value} AS ${quote(column.name)}`);
  await session.materialize(name, `SELECT ${values.join(', ')} FROM ${staged}`, place);
  await session.forget(STAGED);
  return { kind: 'loaded' };
}

interface Texts {
  readonly kind: 'texts';
  /** Relation in DuckDB SQL. */
  readonly source: string;
  /** DuckDB SQL: the text of each wanted column, or the texts of its elements. */
  readonly texts: readonly string[];
  /** The DuckDB type of the values of a column. */
  readonly given: (column: Column) => string;
}

function named(texts: readonly string[], wanted: readonly Column[]): string {
  return wanted.map((column, i) => `${texts[i] ?? 'NULL'} AS ${quote(column.name)}`).join(', ');
}

async function givenTexts(file: GivenFile, wanted: readonly Column[]): Promise<Texts | FileLoad> {
  if (file.format === 'ndjson') return membersAsTexts(file.path, wanted);
  const { format, path } = file;
  const source = fileRelation({ format, path });
  const found = await typesOf(source);
  const absent = wanted.filter((column) => !found.has(column.name));
  if (absent.length > 0) return { kind: 'absent', columns: absent.map((column) => column.name) };
  const given = ({ name }: Column): string => (format === 'csv' ? 'VARCHAR' : (found.get(name) ?? ''));
  return {
    kind: 'texts',
    source,
    given,
    texts: wanted.map((column) => textOf(column, quote(column.name), given(column))),
  };
}

function membersAsTexts(path: string, wanted: readonly Column[]): Promise<Texts | FileLoad> {
  return askingDuckDb(async (ask) => {
    const members = await ndjsonMembers(ask, path, wanted);
    if ('absent' in members) return { kind: 'absent', columns: members.absent };
    const source = members.relation;
    const texts = wanted.map((column, i) => textOfJson(column, members.member(i)));
    // PostgreSQL has no text with it, and says so of the file as a whole.
    const nuls = wanted.map(({ family }, i) => {
      const text = family === 'list' ? `array_to_string(${texts[i] ?? ''}, ',')` : (texts[i] ?? '');
      return `min(CASE WHEN contains(${text}, chr(0)) THEN replace(${text}, chr(0), '\\u0000') END) AS c${i}`;
    });
    const [row = {}] = await ask(`SELECT ${nuls.join(', ')} FROM ${source}`);
    const column = wanted.find((_, i) => (row[`c${i}`] ?? null) !== null);
    if (column !== undefined) return { kind: 'lossy', column, value: String(row[`c${wanted.indexOf(column)}`]) };
    return { kind: 'texts', source, texts, given: ({ family }) => (family === 'json' ? 'JSON' : 'VARCHAR') };
  });
}

function textOfJson(column: Column, member: string): string {
  switch (column.family) {
    case 'json':
      return unmarkedMember(member);
    case 'list':
      return `list_transform(${elementsOf(member)}, lambda cutover_e: ${textOfMember('cutover_e')})`;
    default:
      return textOf(column, `(${textOfMember(member)})`, 'VARCHAR');
  }
}

/** DuckDB SQL: the text of a value of the type `given`, as PostgreSQL reads it for the wanted column. */
function textOf(column: Column, value: string, given: string): string {
  switch (column.family) {
    case 'list':
      return `CAST(${value} AS VARCHAR[])`;
    case 'bytes':
      return `'\\x' || lower(hex(CAST(${value} AS BLOB)))`;
    case 'json':
      return given === 'VARCHAR' || given === 'JSON'
        ? `CAST(${value} AS VARCHAR)`
        : `CAST(to_json(${value}) AS VARCHAR)`;
    case 'double':
      // The text of a float names another double than the float is.
      return given === 'FLOAT' ? `CAST(CAST(${value} AS DOUBLE) AS VARCHAR)` : `CAST(${value} AS VARCHAR)`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

interface Cast {
  /** PostgreSQL SQL: the value in the wanted type. */
  readonly value: string;
  /** The condition under which it is another than the text says; undefined where that cannot be. */
  readonly changed?: string;
}

function castOf(text: string, { family, type }: Column, given: string): Cast {
  const value = `CAST(${text} AS ${type})`;
  switch (family) {
    case 'integer': {
      const rounded = `CAST(CAST(${text} AS NUMERIC) AS ${type})`;
      return { value: rounded, changed: `CAST(${rounded} AS NUMERIC) <> CAST(${text} AS NUMERIC)` };
    }
    case 'decimal':
      return { value, changed: `${value} <> CAST(${text} AS NUMERIC)` };
    case 'double':
      // A double is by definition the nearest to its text; an exact number of a typed file is not.
      if (given === 'VARCHAR') return { value };
      return given === 'FLOAT' || given === 'DOUBLE'
        ? { value, changed: `CAST(${value} AS DOUBLE PRECISION) <> CAST(${text} AS DOUBLE PRECISION)` }
        : { value, changed: `CAST(CAST(${value} AS TEXT) AS NUMERIC) <> CAST(${text} AS NUMERIC)` };
    case 'text':
      // A cast to varchar(n) cuts without a word; char(n) does not mind blanks at the end.
      return type === 'text'
        ? { value }
        : { value, changed: `rtrim(CAST(${value} AS TEXT)) <> rtrim(${text}) COLLATE "C"` };
    case 'timestamptz':
    case 'timestamp':
    case 'date': {
      // A text without a zone is UTC; a plain cast to timestamp would pass over a zone.
      const full =
        family === 'timestamptz' ? `CAST(${text} AS TIMESTAMPTZ)` : `(CAST(${text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
      const cast = `CAST(${full} AS ${type})`;
      // Words such as `today` are times to PostgreSQL, and parts of a microsecond are rounded away.
      const odd = `${text} !~* '^\\s*[-+]?([0-9]|inf)' OR ${text} ~ '[.][0-9]{6}[0-9]*[1-9]'`;
      return { value: cast, changed: `${odd} OR ${cast} <> ${full}` };
    }
    case 'list':
      return castOfList(text, type);
    default:
      return { value };
  }
}

function castOfList(texts: string, type: string): Cast {
  const value = `CAST(${texts} AS ${type})`;
  if (/^(?:bigint|integer|smallint)\b/.test(type)) {
    const rounded = `CAST(CAST(${texts} AS NUMERIC[]) AS ${type})`;
    return { value: rounded, changed: `CAST(${rounded} AS NUMERIC[]) <> CAST(${texts} AS NUMERIC[])` };
  }
  if (/^numeric\b/.test(type)) return { value, changed: `CAST(${value} AS NUMERIC[]) <> CAST(${texts} AS NUMERIC[])` };
  if (/^character\b/.test(type)) return { value, changed: `CAST(${value} AS TEXT[]) <> ${texts}` };
  return { value };
}
