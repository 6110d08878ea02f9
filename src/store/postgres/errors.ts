import pg from 'pg';
import { CutoverError, messageOf } from '../../model/errors.js';

/** Network errors of Node by their code; `Connection terminated` is what the driver says of a socket that ended under a statement. */
const LOST = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED)$/;
const LOST_TEXT = /Connection terminated|connection is closed|not queryable|Client was closed|Connection ended/i;
const UNREACHABLE = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/;

/** @param server which one, without its password */
export function connectionLost(error: unknown, server = 'the store'): CutoverError {
  return new CutoverError(
    'STORE_CONNECTION_LOST',
    `the connection to ${server} was lost: ${firstLine(messageOf(error))}`,
    'A running `cutover run` connects again and goes on from the stored offsets; anything else is to be started again.',
    { cause: error },
  );
}

/** @param shown the connection without its password */
export function unreachable(error: unknown, shown: string): CutoverError {
  return new CutoverError(
    'STORE_UNREACHABLE',
    `${shown} cannot be reached: ${firstLine(messageOf(error))}`,
    'Check that the server runs, the URL and the password (store.url, or PGPASSWORD or .pgpass), and that it takes more connections.',
    { cause: error },
  );
}

/**
 * Turns errors of the driver and the server into coded ones where they have a meaning of their own. Errors in a statement get the line of
 * their place in the form in which psql shows it, from which the file's line is found.
 */
export function mapped(error: unknown, sql = '', server?: string): unknown {
  if (error instanceof CutoverError) return error;
  if (error instanceof pg.DatabaseError) return mappedDatabaseError(error, sql, server);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (LOST.test(code) || UNREACHABLE.test(code) || LOST_TEXT.test(messageOf(error)))
    return connectionLost(error, server);
  return error;
}

function mappedDatabaseError(error: pg.DatabaseError, sql: string, server: string | undefined): unknown {
  const { code = '', message } = error;
  switch (code) {
    case '25006':
      return new CutoverError(
        'SQL_FAILED',
        `a statement that writes was refused where all is only read: ${message}`,
        'Nothing was written. Compare by a query that only reads; a store must not be a standby.',
        { cause: error },
      );
    case '40001':
      if (!message.includes('conflict with recovery')) return conflict(error);
      return new CutoverError(
        'STORE_CONFLICT',
        `the standby ended the statement, for it is to remove rows that the statement could still see: ${message}`,
        'Try again, let the standby wait longer (max_standby_streaming_delay), or set hot_standby_feedback on it.',
        { cause: error },
      );
    case '40P01':
    case '55P03':
      return conflict(error);
    case 'XX000':
      // Two sessions changed the same view or table definition.
      return /tuple concurrently/.test(message) ? conflict(error) : placed(error, sql);
    case '42501':
      return new CutoverError(
        'STORE_RIGHTS',
        `the store refuses a right: ${message}`,
        'Grant it; `cutover doctor --print-ddl` prints the schemas and rights that are needed.',
        { cause: error },
      );
    case '2BP01':
      return new CutoverError(
        'STORE_DEPENDENTS',
        `something that cutover did not make depends on what is to be replaced: ${[message, error.detail].filter(Boolean).join('; ').replaceAll('\n', '; ')}`,
        'Drop it, and make it again afterwards; best over the served view, with the same column types on both sides: that view then stays in place.',
        { cause: error },
      );
    case '53100':
      return new CutoverError(
        'STORE_FULL',
        `the disk of the store is full: ${message}`,
        'Free space and run again: nothing that was committed is lost.',
        { cause: error },
      );
    case '57014':
      return /statement timeout/.test(message)
        ? new CutoverError(
            'STORE_TIMEOUT',
            `the store ended a statement that took longer than its time limit: ${message}`,
            'Allow more time (statement_timeout), or let it compare fewer rows.',
            { cause: error },
          )
        : new CutoverError('INTERRUPTED', 'the statement was interrupted', 'Run again.', { cause: error });
    case '22021':
    case '22P05':
      return new CutoverError(
        'SQL_FAILED',
        `a text holds a character that PostgreSQL cannot store (U+0000): ${message}`,
        'Remove it where the event is made, or in the job.',
        { cause: error },
      );
  }
  // 25P03, 25P04: the server ended a transaction that was idle for too long; 57P0x: it shuts down or ended this session; 08: the protocol.
  if (/^(?:25P0[34]|57P0\d|08)/.test(code)) return connectionLost(error, server);
  if (code.startsWith('53'))
    return new CutoverError(
      'STORE_UNREACHABLE',
      `the store is at its limit: ${message}`,
      'Free connections or memory of the server.',
      { cause: error },
    );
  return placed(error, sql);
}

function conflict(error: pg.DatabaseError): CutoverError {
  return new CutoverError(
    'STORE_CONFLICT',
    `another transaction got in the way: ${error.message}`,
    'Try again; if it stays so, see which other programs write these tables.',
    { cause: error },
  );
}

function placed(error: pg.DatabaseError, sql: string): Error {
  const position = Number(error.position ?? 0);
  if (position === 0 || sql === '') return error;
  // The server counts characters, not UTF-16 units.
  const before = Array.from(sql)
    .slice(0, position - 1)
    .join('')
    .split('\n');
  const line = sql.split('\n')[before.length - 1] ?? '';
  const head = `LINE ${before.length}: `;
  return new Error(`${error.message}\n\n${head}${line}\n${' '.repeat(head.length + (before.at(-1)?.length ?? 0))}^`, {
    cause: error,
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
