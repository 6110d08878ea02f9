import { relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import type { FileFormat, FileLogConfig } from '../../model/project.js';
import { unreadable } from './file-errors.js';

/** A file that belongs to the log. */
export interface FoundFile {
  /** Path relative to the root, with forward slashes: the partition's name. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly format: FileFormat;
}

const ENDINGS: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.(parquet|pq)$/i, 'parquet'],
  [/\.(csv|tsv)$/i, 'csv'],
  [/\.(ndjson|jsonl|json)$/i, 'ndjson'],
];

/**
 * The files that the configuration's globs match, sorted by name (by code unit, so everywhere alike). Hidden files are left out.
 * Errors: LOG_FILE_UNREADABLE when a file's format is neither configured nor told by its ending.
 */
export async function discoverFiles(config: FileLogConfig, root: string): Promise<FoundFile[]> {
  const paths = await glob(patternsOf(config, root), {
    cwd: root,
    absolute: true,
    onlyFiles: true,
    expandDirectories: false,
    followSymbolicLinks: true,
  });
  const named = [...new Set(paths.map((path) => resolve(path)))].map((path) => ({ path, name: nameOf(path, root) }));
  named.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  return named.map(({ path, name }) => ({ path, name, format: formatOf(config, name) }));
}

/** The globs relative to the root, so that special characters in the root's own path mean themselves. */
export function patternsOf(config: FileLogConfig, root: string): string[] {
  return config.paths.map((path) => {
    const slashed = path.replaceAll('\\', '/');
    const base = `${resolve(root).split(sep).join('/')}/`;
    return slashed.startsWith(base) ? slashed.slice(base.length) : slashed;
  });
}

function nameOf(path: string, root: string): string {
  return relative(root, path).split(sep).join('/');
}

function formatOf(config: FileLogConfig, name: string): FileFormat {
  const format = config.format ?? ENDINGS.find(([ending]) => ending.test(name))?.[1];
  if (format !== undefined) return format;
  throw unreadable(name, 'its ending tells no format; set log.format, or narrow log.path');
}
