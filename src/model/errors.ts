import type { ErrorCode } from './error-codes.js';

/** Where a problem stands: a file with line and column (1-based), or the path of a key inside it. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  column?: number;
  path?: string;
}

/**
 * Every error that a user can meet. `message` says what is wrong in one line, `remedy` what to do in one line,
 * `code` is stable across versions (see `error-codes.ts`), `place` says where.
 */
export class CutoverError extends Error {
  override readonly name = 'CutoverError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly place: ErrorPlace | undefined;

  constructor(code: ErrorCode, message: string, remedy: string, options: { place?: ErrorPlace; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = remedy;
    this.place = options.place;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
