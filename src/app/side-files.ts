import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Endpoint } from '../model/endpoint.js';
import { CutoverError } from '../model/errors.js';
import { mappedFileError, missing } from '../store/duckdb/file-failure.js';
import { findFiles } from '../store/duckdb/file-rows.js';
import type { Workspace } from '../store/duckdb/workspace.js';

/** The files that a path or pattern names, by their absolute paths. Errors: ENDPOINT_INVALID, ENDPOINT_MISSING. */
export async function filesOf(
  workspace: Workspace,
  cwd: string,
  { path, label }: Endpoint & { kind: 'file' },
): Promise<string[]> {
  const absolute = resolve(cwd, path);
  const shown = label.replace(/#\(.*$/s, '');
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true)
    throw new CutoverError(
      'ENDPOINT_INVALID',
      `${shown} is a folder`,
      `Name its files: ${shown.replace(/\/$/, '')}/*.parquet, in quotes.`,
    );
  if (found !== undefined) return [absolute];
  if (!/[*?[]/.test(path)) throw missing(shown);
  return findFiles(workspace, absolute, shown);
}

/** The real path of a file that has to be there. Errors: ENDPOINT_MISSING, ENDPOINT_UNREADABLE. */
export async function existingFile(cwd: string, path: string, label: string): Promise<string> {
  const absolute = resolve(cwd, path);
  return realpath(absolute).catch((error: unknown) => {
    throw mappedFileError(
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? new Error('No such file') : error,
      label.replace(/#.*$/s, ''),
    );
  });
}

/** What tells that a file is the one that was read. */
export async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? 'gone' : `${found.ino} ${found.size} ${found.mtimeNs}`;
}
