import { open, rm } from 'node:fs/promises';
import type { DeclaredColumn } from '../../model/project.js';
import { fromText } from '../record/convert-sql.js';
import { parseDeclaredType } from '../record/declared-type.js';
import { schemaMismatch } from './file-errors.js';
import type { Inspector } from './inspector.js';
import { textColumns } from '../record/record.js';
import { scratchReader } from '../record/scratch.js';
import { takeTextChunk } from './text-chunk.js';
import { csvFormat } from './text-format.js';
import { csvHeader } from './text-file.js';

/** Types that are tried, narrowest first; text holds the rest. */
const CANDIDATES = ['boolean', 'bigint', 'double', 'date', 'timestamp', 'timestamptz'] as const;

/** Forms a text must have besides being convertible: a leading zero (a zip code) or a 16th digit makes a column text. */
const FORMS: Readonly<Record<string, string>> = {
  boolean: '(?i)(true|false)',
  bigint: '-?(0|[1-9][0-9]*)',
  double: '-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?',
};

/**
 * The columns of a CSV file, each in the narrowest type that holds all of its values exactly; looks at every record.
 * Records with the wrong number of values don't count. Errors: LOG_SCHEMA_MISMATCH when there is no header yet.
 */
export async function inferCsvTypes(
  path: string,
  name: string,
  inspector: Inspector,
  scratchPath: () => Promise<string>,
): Promise<DeclaredColumn[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const header = await csvHeader(file, name, size);
    if (header === null) {
      throw schemaMismatch(
        name,
        'the file is empty.',
        'Declare log.schema, or begin the file with a line of column names.',
      );
    }
    const declared = header.names.map((column) => ({ name: column, type: 'text' }));
    const columns = textColumns(declared, true);
    const format = csvFormat(header, columns);
    const fitting = declared.map(() => new Set<string>(CANDIDATES));
    const filled = declared.map(() => false);
    let start = { offset: 0, bytes: header.bytes, line: header.lines, open: header.lines === 0 };
    // The first records settle most columns; the rest of the file is then asked about few types.
    let maxEvents = 1000;
    for (;;) {
      const scratch = await scratchPath();
      const offset = start.offset;
      const request = { file, name, size, format, columns, start, offset, maxEvents, scratch, holdsNul: true };
      maxEvents = Infinity;
      const { chunk } = await takeTextChunk(request);
      if (chunk === null) break;
      try {
        const reader = scratchReader(chunk.path, chunk.longestLine, columns.length);
        // What a column was found not to be is not asked again.
        const open = fitting.map((types) => [...types]);
        const tests = open.map((types, index) => testsOf(`f${index}`, types)).flat();
        const [row = []] = await inspector.rows(`SELECT ${tests.join(', ')} FROM ${reader} WHERE e IS NULL`);
        let at = 0;
        open.forEach((types, index) => {
          if (row[at++] === 'true') filled[index] = true;
          for (const type of types) if (row[at++] !== 'true') fitting[index]?.delete(type);
        });
      } finally {
        await rm(chunk.path, { force: true });
      }
      start = chunk.to;
    }
    return declared.map((column, index) => {
      const type = CANDIDATES.find((each) => fitting[index]?.has(each));
      return { name: column.name, type: filled[index] === true && type !== undefined ? type : 'text' };
    });
  } finally {
    await file.close();
  }
}

/** Whether there is any value, then for each candidate whether all values fit it. */
function testsOf(text: string, candidates: readonly string[]): string[] {
  const tests = candidates.map((type) => {
    const conditions = [`${text} IS NULL`];
    const form = FORMS[type];
    const fits = `(${fromText(text, parseDeclaredType({ name: text, type }))}) IS NOT NULL`;
    const digits = type === 'double' ? ` AND length(${significantDigits(text)}) <= 15` : '';
    if (form === undefined) conditions.push(fits);
    else conditions.push(`CASE WHEN regexp_full_match(${text}, '${form}')${digits} THEN ${fits} ELSE false END`);
    return `coalesce(bool_and(${conditions.join(' OR ')}), true)`;
  });
  return [`count(${text}) > 0`, ...tests];
}

function significantDigits(text: string): string {
  return `regexp_replace(regexp_replace(${text}, '[eE].*|-', '', 'g'), '^[0.]+|[.]', '', 'g')`;
}
