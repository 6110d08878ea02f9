import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommonColumns } from './diff-columns.js';
import type { DiffOptions } from './diff-options.js';
import type { OpenSide } from './diff-sides.js';
import { packageRoot } from './package-root.js';
import { hashOf, type ResumeState } from './resume-file.js';
import type { Endpoint } from '../model/endpoint.js';
import { CutoverError } from '../model/errors.js';

/** Two open sides and what of them is compared. */
export interface ChunkedRequest {
  readonly ends: readonly [left: Endpoint, right: Endpoint];
  readonly left: OpenSide;
  readonly right: OpenSide;
  readonly common: CommonColumns;
}

/** Everything that the findings depend on, besides what is read. */
export async function questionOf(
  options: DiffOptions,
  { ends, left, right, common }: ChunkedRequest,
): Promise<ResumeState['question']> {
  const [leftEnd, rightEnd] = ends;
  const rules = options.rules ?? { columns: {} };
  const columns = (side: OpenSide): unknown => side.columns.map(({ name, type }) => [name, type]);
  const parts = {
    'the left': [leftEnd.kind, leftEnd.label, leftEnd.relation],
    'the right': [rightEnd.kind, rightEnd.label, rightEnd.relation],
    'the key': common.key,
    'the columns': [common.pairs, columns(left), columns(right)],
    'the rules, the filter or the map': rules,
    'the limit': options.limit,
    'the number to stop after': options.stopAfter,
    'the sample': options.sample,
    'the version of cutover': await versionOf(),
    'the version of DuckDB': [await engineOf(left), await engineOf(right)],
  };
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, hashOf(part)]));
}

/** Hashes of keys may be others in another version of DuckDB; a server keeps its own. */
async function engineOf({ dialect, session }: OpenSide): Promise<unknown> {
  if (dialect.kind !== 'duckdb') return null;
  const [row] = await session.query('SELECT version() AS version');
  return row?.['version'];
}

async function versionOf(): Promise<unknown> {
  const parsed: unknown = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : null;
}

/** Errors: RESUME_OTHER, ENDPOINT_CHANGED. */
export function requireSame(
  before: ResumeState,
  now: Omit<ResumeState, 'done'>,
  { left, right }: ChunkedRequest,
  shown: string,
): void {
  const other = Object.entries(now.question).filter(([name, hash]) => before.question[name] !== hash);
  if (other.length > 0)
    throw new CutoverError(
      'RESUME_OTHER',
      `${shown} belongs to another comparison, which differs in ${other.map(([name]) => name).join(', ')}`,
      'Run the command that began it, name another file with --resume, or remove this one and compare from the beginning.',
    );
  for (const side of [left, right]) {
    if (before.sources[side.name] !== now.sources[side.name])
      throw new CutoverError(
        'ENDPOINT_CHANGED',
        `${side.label} is not the one that ${shown} was begun with`,
        `What was found in the old one proves nothing of the new one: remove ${shown} and compare from the beginning.`,
      );
  }
}
