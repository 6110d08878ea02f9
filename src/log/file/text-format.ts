import type { RecordEnd } from './csv-syntax.js';
import { delimiterOf, recordEnd, splitRecord } from './csv-syntax.js';
import { schemaMismatch, unreadable } from './file-errors.js';
import type { TextColumn, TextRecord } from '../record/record.js';
import { csvRecord, jsonRecord, rejected } from '../record/record.js';

const LF = 0x0a;

/** What CSV and NDJSON do differently. Everything else (windows, checkpoints, fingerprints) is the same for both. */
export interface TextFormat {
  /** The end of the record that starts at `start`. */
  end(bytes: Buffer, start: number): RecordEnd;
  /** Such a record holds nothing and takes no offset. */
  blank(text: string): boolean;
  parse(text: string): TextRecord;
  /** Whether a last record without line break is whole as far as one can tell. */
  whole(text: string): boolean;
  /** Bytes that are not UTF-8 make the whole file unreadable, not just their record. */
  readonly strictEncoding: boolean;
  /** What may follow a last record before its line break without changing it. */
  readonly padding: RegExp;
}

/** One JSON object a line. */
export function ndjsonFormat(columns: readonly TextColumn[]): TextFormat {
  return {
    end(bytes, start) {
      const at = bytes.indexOf(LF, start);
      return { next: at === -1 ? bytes.length : at + 1, breaks: 0, closed: at !== -1, quoted: false };
    },
    blank: (text) => /^[ \t\r]*$/.test(text),
    parse: (text) => jsonRecord(text, columns),
    whole(text) {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    },
    strictEncoding: false,
    padding: /^[ \t\r]*/,
  };
}

/** The header of a CSV file. */
export interface CsvHeader {
  readonly names: readonly string[];
  readonly delimiter: string;
  /** Bytes up to the first record, including a byte order mark. */
  readonly bytes: number;
  /** Line breaks in it. */
  readonly lines: number;
}

/**
 * Reads the header of a CSV file; undefined while the file is empty or its first line is not finished.
 * Errors: LOG_FILE_UNREADABLE, LOG_SCHEMA_MISMATCH (a name that is empty or stands twice).
 *
 * @param head the first bytes of the file
 * @param wholeFile `head` is all there is
 */
export function readCsvHeader(name: string, head: Buffer, bom: number, wholeFile: boolean): CsvHeader | undefined {
  // The delimiter is not known yet; any of them may stand before a quoted name.
  const firstLine = head.subarray(bom, head.indexOf(LF) === -1 ? head.length : head.indexOf(LF)).toString('utf8');
  const delimiter = delimiterOf(firstLine);
  const end = recordEnd(head, bom, delimiter.charCodeAt(0));
  if (!end.closed && (!wholeFile || head.length === bom)) return undefined;
  if (end.quoted) throw unreadable(name, 'a quote in the header is never closed', { line: 1 });
  const text = head
    .subarray(bom, end.closed ? end.next - 1 : end.next)
    .toString('utf8')
    .replace(/\r$/, '');
  const names = splitRecord(text, delimiter);
  if (names === undefined) throw unreadable(name, 'text follows a closing quote in the header', { line: 1 });
  if (text.includes('\r')) throw unreadable(name, 'its lines end with CR alone; use LF or CR LF', { line: 1 });
  const checked = names.map((each) => each ?? '');
  const folded = checked.map((each) => each.toLowerCase());
  const double = checked.find((each, index) => folded.indexOf(each.toLowerCase()) !== index);
  if (checked.includes('') || double !== undefined) {
    const what = double ? `the header names "${double}" twice` : 'the header has an empty column name';
    throw schemaMismatch(name, what, 'Give every column a name of its own in the first line of the file.');
  }
  return { names: checked, delimiter, bytes: end.next, lines: end.breaks + (end.closed ? 1 : 0) };
}

/** Records of comma separated (or otherwise delimited) values, as RFC 4180 has them. */
export function csvFormat(header: CsvHeader, columns: readonly TextColumn[]): TextFormat {
  const delimiter = header.delimiter.charCodeAt(0);
  const places = columns.map((column) => header.names.indexOf(column.name));
  const width = header.names.length;
  return {
    end: (bytes, start) => recordEnd(bytes, start, delimiter),
    blank: (text) => text === '',
    parse(text) {
      const values = splitRecord(text, header.delimiter);
      if (values === undefined) return rejected(columns, 'text follows a closing quote');
      if (values.length !== width) {
        return rejected(columns, `${values.length} values where the header names ${width} columns`);
      }
      return csvRecord(
        places.map((place) => values[place] ?? null),
        columns,
      );
    },
    whole: (text) => splitRecord(text, header.delimiter)?.length === width,
    strictEncoding: true,
    padding: /^\r?/,
  };
}
