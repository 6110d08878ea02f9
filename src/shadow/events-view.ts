import { EVENT_METADATA } from '../store/state/landing.js';
import type { DeclaredColumn } from '../model/project.js';
import type { OffsetVector } from '../model/offset-vector.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/** The table that the stream job's statements see: the events of one micro-batch. */
export const BATCH_EVENTS = 'batch_events';

/** The SQL predicate for "before the cut". A partition that the cut does not name is not in it. */
export function beforeCut(cut: OffsetVector): string {
  const parts = [...cut].map(([partition, offset]) => `(_partition = ${partition} AND _offset < ${offset})`);
  return parts.length === 0 ? 'FALSE' : parts.join(' OR ');
}

/** The landing up to a cut, as a relation. */
export function landingBefore(cut: OffsetVector): string {
  return `(SELECT * FROM cutover.landing WHERE ${beforeCut(cut)}) AS cutover_landing`;
}

/** What had landed when a cut was taken. */
export interface Landed {
  readonly cut: OffsetVector;
  /** The moment of the newest micro-batch at the cut: an event that is retried from quarantine later lies below the cut, and arrives after it. */
  readonly through: string | null;
}

/**
 * Lets the name `events` stand for the landing up to the cut, for this session only. Inside the snapshot transaction the landing is already
 * bounded by the snapshot; the predicate then states the same thing and costs nothing that was measured to matter, so it is left out.
 */
export async function defineEvents(session: SqlSession, landed: Landed | 'snapshot'): Promise<void> {
  const where = landed === 'snapshot' ? '' : ` WHERE ${arrivedBy(landed)}`;
  await session.defineView('events', `SELECT * FROM cutover.landing${where}`);
}

function arrivedBy({ cut, through }: Landed): string {
  return through === null ? 'FALSE' : `(${beforeCut(cut)}) AND _ingested_at <= CAST('${through}' AS TIMESTAMPTZ)`;
}

/** The landing's columns by name, metadata last, as a list for SELECT and INSERT. */
export function landingColumns(dialect: SqlDialect, columns: readonly { readonly name: string }[]): string {
  return [...columns, ...EVENT_METADATA].map(({ name }) => dialect.quote(name)).join(', ');
}

/** The columns of a chunk (see `Chunk`) by declared type. */
export function chunkColumns(columns: readonly DeclaredColumn[]): readonly DeclaredColumn[] {
  return [
    { name: '_offset', type: 'bigint' },
    { name: '_event_time', type: 'timestamptz' },
    ...columns,
    { name: '_error', type: 'text' },
    { name: '_raw', type: 'text' },
  ];
}
