import { CutoverError } from '../../model/errors.js';

/** A place between two records of a text file. */
export interface Checkpoint {
  /** Events before it. */
  readonly offset: number;
  readonly bytes: number;
  /** Line breaks before it (for messages). */
  readonly line: number;
  /** The record before it ended with the file, without a line break. */
  readonly open: boolean;
}

/** A chunk reached from one checkpoint to another; the fingerprint is that of all bytes up to `to`. */
export interface TextPosition {
  readonly kind: 'text';
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly fingerprint: string;
}

/** A Parquet file never changes: the fingerprint is that of the whole file. */
export interface ParquetPosition {
  readonly kind: 'parquet';
  readonly bytes: number;
  readonly fingerprint: string;
}

export type Position = TextPosition | ParquetPosition;

export function writePosition(position: Position): string {
  return JSON.stringify({ v: 1, ...position });
}

/** Reads what `writePosition` wrote. Errors: INTERNAL when it is something else. */
export function readPosition(text: string, name: string): Position {
  const value = parse(text);
  if (isObject(value) && value['v'] === 1 && typeof value['fingerprint'] === 'string') {
    const { kind, bytes, fingerprint } = value;
    if (kind === 'parquet' && typeof bytes === 'number') return { kind, bytes, fingerprint };
    const from = checkpoint(value['from']);
    const to = checkpoint(value['to']);
    if (kind === 'text' && from !== undefined && to !== undefined) return { kind, from, to, fingerprint };
  }
  throw new CutoverError(
    'INTERNAL',
    `The stored position of ${name} cannot be understood.`,
    'Report this defect; a new store starts over.',
    { place: { file: name } },
  );
}

function checkpoint(value: unknown): Checkpoint | undefined {
  if (!isObject(value)) return undefined;
  const { offset, bytes, line, open } = value;
  if (typeof offset !== 'number' || typeof bytes !== 'number' || typeof line !== 'number') return undefined;
  return typeof open === 'boolean' ? { offset, bytes, line, open } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
