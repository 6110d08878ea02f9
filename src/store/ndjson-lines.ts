import { createReadStream } from 'node:fs';
import type { Row } from './contract.js';
import { markedLines, ODD_LINE } from './ndjson-sql.js';

/** Asks a DuckDB. */
export type AskDuckDb = (sql: string) => Promise<readonly Row[]>;

/** A line of an NDJSON file that cannot be read. */
export interface BadLine {
  readonly file: string | undefined;
  /** From 1; undefined where it is not known, as in a compressed file. */
  readonly line: number | undefined;
  readonly what: string;
}

/** How a bad line is told, without its file. */
export function describeLine({ line, what }: BadLine): string {
  return `${line === undefined ? 'a line' : `line ${line}`} ${what}`;
}

/**
 * What is wrong with the first line that is no object, or names a member twice; null where nothing is.
 *
 * @param list DuckDB SQL of a list of paths
 * @param longest bytes of the longest line, where that is known
 */
export async function oddLine(
  ask: AskDuckDb,
  list: string,
  files: readonly string[],
  longest?: number,
): Promise<BadLine | null> {
  const [odd] = await ask(`SELECT json FROM ${markedLines(list, longest)} WHERE ${ODD_LINE} LIMIT 1`);
  if (odd === undefined) return null;
  const text = String(odd['json']);
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const found = await findLine(files, (line) => Promise.resolve(line === text));
  return { ...found, what: `is no object, or names a member twice: ${shown}` };
}

/** The line of which DuckDB says that it is no JSON; null for another error. DuckDB 1.5 gives a wrong number: it leaves out empty lines and is one ahead. */
export async function malformedLine(
  ask: AskDuckDb,
  files: readonly string[],
  message: string,
): Promise<BadLine | null> {
  const [, byte, , why] = /Malformed JSON in file ".*", at byte (\d+) in line (\d+): ([^\n.]*)/.exec(message) ?? [];
  if (byte === undefined) return null;
  const found = await findLine(files, async (line) => {
    if (line.includes('\0')) return true;
    if (line === '' || (parses(line) && !/\\u[dD]/.test(line))) return false;
    const [row] = await ask(`SELECT json_valid('${line.replaceAll("'", "''")}') AS valid`);
    return row?.['valid'] !== true;
  });
  return { ...found, what: `is not JSON: ${why ?? ''}` };
}

function parses(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Reads the files once more, until a line is the one that is looked for. A line that is no UTF-8 is always it. */
async function findLine(
  files: readonly string[],
  bad: (line: string) => Promise<boolean>,
): Promise<Pick<BadLine, 'file' | 'line'>> {
  for (const file of files) {
    let number = 0;
    for await (const bytes of linesOf(file)) {
      number += 1;
      if ((await bad(bytes.toString('utf8').replace(/^[ \t]+|[ \t\r]+$/g, ''))) || !isText(bytes))
        return { file, line: number };
    }
  }
  return { file: undefined, line: undefined };
}

function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

async function* linesOf(file: string): AsyncIterable<Buffer> {
  if (/\.(?:gz|zst)$/i.test(file)) return;
  let rest: Buffer[] = [];
  for await (const part of createReadStream(file)) {
    let bytes = part as Buffer;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10)) {
      yield Buffer.concat([...rest, bytes.subarray(0, at)]);
      rest = [];
      bytes = bytes.subarray(at + 1);
    }
    rest.push(bytes);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
