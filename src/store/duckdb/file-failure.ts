import { byCount } from '../../model/counts.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import { mapped } from './errors.js';

/** How DuckDB 1.5 words what is wrong with a file that it reads. */
const DAMAGED =
  /CSV Error|CSV Parser|Malformed JSON|JSON transform|magic bytes|too small to be a Parquet|Failed to read (?:Parquet )?file|Parquet file|decompress|Could not read|TProtocol|thrift|GZIP stream|ZSTD|not a valid DuckDB|Is a directory|Invalid unicode|not utf-8|Serialization Error|Corrupt/i;
const MISSING = /No files found|database does not exist|No such file|Cannot open file/i;
const DENIED = /Permission denied/i;
const FULL = /No space left|out of disk|temp_directory|max_temp_directory_size|failed to offload/i;

/**
 * What went wrong with a file, as an error that names it, with the line where there is one; everything else passes through unchanged.
 *
 * @param label the endpoint
 */
export function mappedFileError(error: unknown, label: string): unknown {
  if (error instanceof CutoverError) {
    // The store's wording speaks of a store that is cutover's own.
    return error.code === 'STORE_UNREADABLE' && error.cause !== undefined ? mappedFileError(error.cause, label) : error;
  }
  const message = messageOf(error);
  if (FULL.test(message))
    return new CutoverError(
      'STORE_FULL',
      `there is no room for scratch files: ${firstLine(message)}`,
      'Free space in the folder for temporary files, or name another one in TMPDIR.',
      { cause: error },
    );
  if (/Out of Memory Error/i.test(message))
    return new CutoverError(
      'STORE_FULL',
      `the comparison needs more memory than it may use: ${firstLine(message).replace(/\\n.*$/s, '')}`,
      'Allow it more, for example --memory 2GB.',
      { cause: error },
    );
  if (DENIED.test(message))
    return new CutoverError('ENDPOINT_UNREADABLE', `${label} may not be read`, 'Give the right to read it.', {
      cause: error,
    });
  if (MISSING.test(message)) return missing(label, error);
  // DuckDB takes a Parquet or a text file for a database in memory that reads it.
  if (/not a valid DuckDB|Cannot launch in-memory database/i.test(message))
    return unreadable(label, 'it is no database of DuckDB', error);
  if (/Is a directory/i.test(message)) return unreadable(label, 'it is a folder', error);
  const known = mapped(error);
  if (known instanceof CutoverError && known.code !== 'STORE_UNREADABLE') return known;
  return DAMAGED.test(message) ? damaged(message, label, error) : error;
}

export function missing(label: string, cause?: unknown): CutoverError {
  return new CutoverError(
    'ENDPOINT_MISSING',
    `there is no ${label}`,
    'Correct the path; it is relative to the working folder.',
    cause === undefined ? {} : { cause },
  );
}

export function unreadable(label: string, what: string, cause?: unknown, line?: number): CutoverError {
  const file = /^[^#]*/.exec(label)?.[0] ?? label;
  return new CutoverError(
    'ENDPOINT_UNREADABLE',
    `${label} cannot be read: ${what}`,
    'Write the file anew, or compare another one.',
    {
      ...(line === undefined ? {} : { place: { file, line } }),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function extensionMissing(name: string, label: string, cause: unknown): CutoverError {
  return new CutoverError(
    'EXTENSION_MISSING',
    `${label} needs DuckDB's extension ${name}, which is not installed`,
    `Install it once, for this version of DuckDB: INSTALL ${name}. cutover itself never loads code from the network.`,
    { cause },
  );
}

/** Names the file and the line, where DuckDB does. */
function damaged(message: string, label: string, cause: unknown): CutoverError {
  const csv = /CSV Error on Line: (\d+)\s*\nOriginal Line: ?([^\n]*)\n(?:([^\n]*)\n)?/.exec(message);
  const file = /^\s*file = (.*)$/m.exec(message)?.[1] ?? /file ["']([^"'\n]+)["']/i.exec(message)?.[1];
  const shown = file === undefined ? label : file;
  if (csv !== null) {
    const [, line = '', text = ''] = csv;
    const what = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
    const why =
      what === null
        ? (
            /^(?:Value with unterminated quote found|Invalid unicode|Maximum line size)/m.exec(message)?.[0] ??
            'it is not well formed'
          ).toLowerCase()
        : `it has ${numbered(what[2] ?? '?', 'value')} where the header names ${numbered(what[1] ?? '?', 'column')}`;
    const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    return unreadable(shown, `line ${line}: ${why}: ${cut}`, cause, Number(line));
  }
  const json = /at byte (\d+) in line (\d+): ([^\n.]*)/.exec(message);
  if (json !== null)
    return unreadable(
      shown,
      `line ${json[2] ?? ''} is not JSON: ${json[3] ?? ''} at byte ${json[1] ?? ''}`,
      cause,
      Number(json[2]),
    );
  if (/CSV Parser state machine/.test(message))
    return unreadable(shown, 'it is not well formed: some of its lines may end with LF and others with CR LF', cause);
  return unreadable(shown, firstLine(message).replace(/^[A-Z][A-Za-z ]*Error: /, ''), cause);
}

function numbered(count: string, what: string): string {
  return `${count} ${byCount(Number(count), what)}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
