import type { Column } from '../../model/column.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { TableRead } from '../../store/contract.js';
import { externalSide, tableOfSide, type SideName } from '../sides.js';
import { qualified } from '../tables.js';
import type { ExternalCycle } from './cycle.js';

type Where = Pick<ExternalCycle, 'env' | 'session' | 'pipeline'>;

/** The columns of an external side's table. Errors: EXTERNAL_TABLE. */
async function columnsOf({ env, session, pipeline }: Where, side: SideName, table: TableRead): Promise<Column[]> {
  try {
    return await env.store.dialect.columns(session, qualified(env.store.dialect, table));
  } catch (error) {
    if (error instanceof CutoverError && /^(STORE_|INTERRUPTED)/.test(error.code)) throw error;
    throw new CutoverError(
      'EXTERNAL_TABLE',
      `${pipeline.name}: the table ${table.schema}.${table.name} of the ${side} side cannot be read: ${messageOf(error)}`,
      `Correct pipelines.${pipeline.name}.${side}.external.table, or let the role of cutover read it (USAGE on its schema, SELECT on it).`,
      { cause: error },
    );
  }
}

/**
 * Refuses tables that cannot be compared: one that is not there or lacks a key column, and one that shows the other side's rows, which it would agree with
 * always. Errors: EXTERNAL_TABLE, KEY_COLUMN_MISSING.
 */
export async function requireExternalTables(where: Where): Promise<void> {
  const { env, session, pipeline } = where;
  for (const side of ['batch', 'stream'] as const) {
    const table = externalSide(pipeline, side)?.table;
    if (table === undefined) continue;
    const columns = await columnsOf(where, side, table);
    const absent = pipeline.key.filter((name) => !columns.some((column) => column.name === name));
    if (absent.length > 0) {
      throw new CutoverError(
        'KEY_COLUMN_MISSING',
        `${pipeline.name}: key column ${absent.join(', ')} is not among the columns of ${table.schema}.${table.name} (${columns.map(({ name }) => name).join(', ')})`,
        `Name an existing column in pipelines.${pipeline.name}.key.`,
      );
    }
    const read = await env.store.dialect.tablesRead(session, `SELECT * FROM ${qualified(env.store.dialect, table)}`);
    const other = tableOfSide(env.schemas, pipeline, side === 'batch' ? 'stream' : 'batch');
    const own = (one: TableRead): boolean =>
      one.schema === env.schemas.batch || one.schema === env.schemas.stream || one.schema === 'cutover';
    const shown = read.find((one) => (one.schema === other.schema && one.name === other.name) || own(one));
    if (shown !== undefined) {
      throw new CutoverError(
        'EXTERNAL_TABLE',
        `${pipeline.name}: ${table.schema}.${table.name} of the ${side} side shows rows of ${shown.schema}.${shown.name}, which is the other side's or cutover's own`,
        'Name the table that the other job itself writes: such a comparison would agree with itself.',
      );
    }
  }
}
