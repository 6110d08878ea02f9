import { messageOf } from '../model/errors.js';
import { describeLine, malformedLine, oddLine, type AskDuckDb, type BadLine } from './ndjson-lines.js';
import { markedLines, memberPointer } from './ndjson-sql.js';

/** The members of the objects of an NDJSON file. */
export interface NdjsonMembers {
  /** DuckDB SQL; a row for each line. */
  readonly relation: string;
  /** SQL of the i-th member, marked: see `ndjson-sql.ts`. NULL where the object has none. */
  readonly member: (index: number) => string;
}

class BadLineError extends Error {
  constructor(bad: BadLine, options: ErrorOptions = {}) {
    super(describeLine(bad), options);
  }
}

/**
 * Reads a file of one JSON object a line. An object may lack a member, which is then NULL; one that no object has is absent, unless there is no object at all.
 * Throws `BadLineError` where a line is no object.
 */
export async function ndjsonMembers(
  ask: AskDuckDb,
  path: string,
  wanted: readonly { readonly name: string }[],
): Promise<NdjsonMembers | { readonly absent: readonly string[] }> {
  const list = `['${path.replaceAll("'", "''").replace(/[[*?]/g, '[$&]')}']`;
  const pointers = wanted.map(({ name }) => memberPointer(name));
  const has = pointers.map((pointer, i) => `bool_or(json_exists(j, ${pointer})) AS h${i}`);
  try {
    const bad = await oddLine(ask, list, [path]);
    if (bad !== null) throw new BadLineError(bad);
    const [row = {}] = await ask(`SELECT count(*) AS n, ${has.join(', ')} FROM ${markedLines(list)}`);
    const absent = wanted.filter((_, i) => row[`h${i}`] === false);
    if (absent.length > 0) return { absent: absent.map(({ name }) => name) };
  } catch (error) {
    if (error instanceof BadLineError) throw error;
    const bad = await malformedLine(ask, [path], messageOf(error));
    throw bad === null ? error : new BadLineError(bad, { cause: error });
  }
  return {
    relation: `(SELECT json_extract(j, [${pointers.join(', ')}]) AS m FROM ${markedLines(list)})`,
    member: (index) => `m[${index + 1}]`,
  };
}
