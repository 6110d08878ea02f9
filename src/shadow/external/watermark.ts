import { isTimestamp } from '../../model/column.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { SideName } from '../sides.js';
import { externalSide } from '../sides.js';
import type { ExternalCycle } from './cycle.js';

/** A side of cutover's own has got as far as the newest event that landed. */
const LANDED = 'SELECT max(_event_time) AS watermark FROM cutover.landing';

/**
 * Up to which time a side has got, in microseconds since the epoch, in the transaction's snapshot; null where there is nothing yet. Errors: EXTERNAL_PROGRESS.
 */
export async function watermarkOf(cycle: ExternalCycle, side: SideName): Promise<number | null> {
  const { env, session, pipeline } = cycle;
  const align = externalSide(pipeline, side)?.align;
  const query = align?.kind === 'window' || align?.kind === 'settle' ? (align.watermark ?? LANDED) : LANDED;
  const wrong = (what: string, cause?: unknown): CutoverError =>
    new CutoverError(
      'EXTERNAL_PROGRESS',
      `${pipeline.name}: the watermark of the ${side} side ${what}`,
      `Correct pipelines.${pipeline.name}.${side}.external.align.${align?.kind ?? 'window'}.watermark: a column of dates or timestamps, or a query that gives one such value.`,
      cause === undefined ? {} : { cause },
    );
  try {
    const [column, ...more] = await env.store.dialect.columns(session, `(\n${query}\n)`);
    if (column === undefined || more.length > 0) throw wrong(`gives ${more.length + 1} columns instead of one`);
    if (!isTimestamp(column.family) && column.family !== 'date')
      throw wrong(`is of the type ${column.type}, which is no date or timestamp`);
    const rows = await session.query(
      `SELECT CAST(extract(epoch FROM ${env.store.dialect.quote(column.name)}) * 1000000 AS BIGINT) AS us FROM (\n${query}\n) AS given`,
    );
    if (rows.length > 1) throw wrong(`gives ${rows.length} rows instead of one`);
    const us = rows[0]?.['us'];
    return us === null || us === undefined ? null : Number(us);
  } catch (error) {
    if (error instanceof CutoverError && /^(STORE_|INTERRUPTED|EXTERNAL_)/.test(error.code)) throw error;
    throw wrong(`cannot be read: ${messageOf(error)}`, error);
  }
}
