import { CutoverError, messageOf } from '../model/errors.js';
import type { TransferBytes } from '../model/transfer.js';
import type { SqlSession } from '../store/contract.js';
import { arrivedTable, type Arrived } from '../store/duckdb/arrived.js';
import { bulkLoad, type LoadTarget } from '../store/duckdb/bulk-load.js';
import { DEEP_LIST } from '../store/duckdb/transfer-forms.js';
import type { SentColumn } from '../store/postgres/transfer.js';

/** The rows of a side that are to be brought into a workspace. */
export interface Pull {
  /** Of PostgreSQL, in the transaction whose snapshot is read. */
  readonly from: SqlSession;
  /** Relation SQL there. */
  readonly relation: string;
  /** SQL conditions there. */
  readonly where: readonly string[];
  readonly columns: readonly SentColumn[];
  /** Lists of several dimensions come as their canonical texts; without it they are refused. */
  readonly deepLists?: boolean;
  readonly into: LoadTarget;
}

/** Brings rows from PostgreSQL into a DuckDB, every value exactly. Errors: TYPE_MISMATCH, STORE_CONNECTION_LOST, STORE_TIMEOUT, INTERRUPTED. */
export async function pullRows(pull: Pull): Promise<Arrived> {
  try {
    return await pullAs(pull, pull.columns);
  } catch (error) {
    const message = messageOf(error);
    if (message.includes(DEEP_LIST) && pull.deepLists === true)
      return pullRows({ ...pull, deepLists: false, columns: pull.columns.map((column) => column.deep ?? column) });
    if (message.includes(DEEP_LIST))
      throw new CutoverError(
        'TYPE_MISMATCH',
        `a list on the PostgreSQL side has several dimensions, in one of the columns ${listNames(pull.columns)}`,
        'Leave the column out by `ignore`, or compare a query that makes a text of it on both sides.',
        { cause: error },
      );
    // A numeric may hold NaN whatever its precision, which no DECIMAL does.
    if (!/^Conversion Error/i.test(message) || !pull.columns.some(({ form }) => form.kind === 'decimal')) throw error;
    return pullAs(pull, pull.columns.map(asNumber));
  }
}

/** Makes the table that no row was sent for. */
export async function pullNothing(pull: Pull): Promise<Arrived> {
  await bulkLoad(pull.into, pull.columns, nothing());
  return arrivedTable(pull.into.session, pull.into.table, pull.columns);
}

async function* nothing(): TransferBytes {
  // No row.
}

async function pullAs(pull: Pull, columns: readonly SentColumn[]): Promise<Arrived> {
  // Only where it is needed is the driver loaded.
  const { sendRows } = await import('../store/postgres/transfer.js');
  const { taken, rows } = await sendRows(pull.from, pull.relation, columns, pull.where, (bytes) =>
    bulkLoad(pull.into, columns, bytes),
  );
  if (taken !== rows)
    throw new CutoverError(
      'INTERNAL',
      `${rows} rows were sent and ${taken} arrived`,
      'Please report this defect with the types of the columns.',
    );
  return arrivedTable(pull.into.session, pull.into.table, columns);
}

function asNumber(column: SentColumn): SentColumn {
  if (column.form.kind !== 'decimal') return column;
  return { ...column, form: { kind: 'number' }, value: `trim_scale(${column.value})` };
}

function listNames(columns: readonly SentColumn[]): string {
  return columns
    .filter(({ form }) => form.kind === 'list')
    .map(({ name }) => name)
    .join(', ');
}
