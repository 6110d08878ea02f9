import { STATUS_CODES } from 'node:http';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.js';
import { CutoverError } from '../model/errors.js';
import { jsonText } from '../report/cells.js';
import { NO_STORE, type Answer } from './answer.js';

const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  REQUEST_INVALID: 400,
  PATH_UNKNOWN: 404,
  VIEW_UNKNOWN: 404,
  METHOD_UNSUPPORTED: 405,
  STORE_CONFLICT: 503,
  STORE_CONNECTION_LOST: 503,
  STORE_TIMEOUT: 503,
  STORE_UNREACHABLE: 503,
  INTERRUPTED: 503,
};

/** The code and the HTTP status of anything that was thrown. What has no status of its own is a fault of this side: 500. */
export function statusOf(error: unknown): { readonly code: ErrorCode; readonly status: number } {
  const code = error instanceof CutoverError ? error.code : 'INTERNAL';
  return { code, status: STATUS[code] ?? 500 };
}

/** An error as RFC 9457 has it, with the stable code. What went wrong on this side is told by its meaning alone: messages name hosts and files. */
export function problem(error: unknown): Answer {
  const { code, status } = statusOf(error);
  const own = error instanceof CutoverError && status < 500;
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: own ? error.message : ERROR_CODES[code],
    ...(own ? { remedy: error.remedy } : {}),
  };
  return {
    status,
    headers: {
      ...NO_STORE,
      'content-type': 'application/problem+json',
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    },
    body: `${jsonText(body, 2)}\n`,
  };
}
