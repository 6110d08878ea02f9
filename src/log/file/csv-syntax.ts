const LF = 0x0a;
const QUOTE = 0x22;

/** Where a CSV record ends. */
export interface RecordEnd {
  /** Position after the line break that ends the record; `length` of the buffer when the record reached its end. */
  readonly next: number;
  /** Line breaks inside the record, without the one that ends it. */
  readonly breaks: number;
  /** A line break ended it. */
  readonly closed: boolean;
  /** The buffer ended inside a quoted value. */
  readonly quoted: boolean;
}

/**
 * Finds the end of the record that starts at `start` (RFC 4180: a line break inside a quoted value belongs to the value;
 * a quote opens a value only where the value starts).
 */
export function recordEnd(bytes: Buffer, start: number, delimiter: number): RecordEnd {
  let breaks = 0;
  let at = start;
  let valueStart = true;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE && valueStart) {
      at++;
      for (;;) {
        const close = bytes.indexOf(QUOTE, at);
        const end = close === -1 ? bytes.length : close;
        for (let lf = bytes.indexOf(LF, at); lf !== -1 && lf < end; lf = bytes.indexOf(LF, lf + 1)) breaks++;
        if (close === -1) return { next: bytes.length, breaks, closed: false, quoted: true };
        at = close + 1;
        if (bytes[at] !== QUOTE) break;
        at++;
      }
      valueStart = false;
    } else if (byte === LF) {
      return { next: at + 1, breaks, closed: true, quoted: false };
    } else {
      valueStart = byte === delimiter;
      at++;
    }
  }
  return { next: bytes.length, breaks, closed: false, quoted: false };
}

/**
 * Splits a record (without its line break) into its values: NULL is an empty value without quotes. Undefined when text
 * follows a closing quote, so that the record has no clear meaning.
 */
export function splitRecord(record: string, delimiter: string): (string | null)[] | undefined {
  if (!record.includes('"')) return record.split(delimiter).map((value) => (value === '' ? null : value));
  const values: (string | null)[] = [];
  let at = 0;
  for (;;) {
    if (record[at] === '"') {
      let value = '';
      at++;
      for (;;) {
        const close = record.indexOf('"', at);
        if (close === -1) return undefined;
        value += record.slice(at, close);
        at = close + 1;
        if (record[at] !== '"') break;
        value += '"';
        at++;
      }
      values.push(value);
      if (at < record.length && record[at] !== delimiter) return undefined;
    } else {
      const end = record.indexOf(delimiter, at);
      const value = record.slice(at, end === -1 ? record.length : end);
      values.push(value === '' ? null : value);
      at = end === -1 ? record.length : end;
    }
    if (at >= record.length) return values;
    at++;
  }
}

/** The most frequent of comma, semicolon, tab and bar outside quotes in the header; comma when there is none. */
export function delimiterOf(header: string): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, '');
  let best = ',';
  for (const candidate of [';', '\t', '|']) {
    if (bare.split(candidate).length > bare.split(best).length) best = candidate;
  }
  return best;
}
