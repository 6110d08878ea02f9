import { CutoverError, messageOf } from '../model/errors.js';
import type { TransferBytes } from '../model/transfer.js';
import type { SqlSession } from '../store/contract.js';
import { arrivedTable, type Arrived } from '../store/duckdb/arrived.js';
import { bulkLoad, type LoadTarget } from '../store/duckdb/bulk-load.js';
import { DEEP_LIST, LATE_TIME } from '../store/duckdb/transfer-forms.js';
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
  /** What DuckDB has no value for comes as its canonical text, with the whole column; without it it is refused. */
  readonly canonical?: boolean;
  readonly into: LoadTarget;
}

/** Brings rows from PostgreSQL into a DuckDB, every value exactly. Errors: TYPE_MISMATCH, STORE_CONNECTION_LOST, STORE_TIMEOUT, INTERRUPTED. */
export async function pullRows(pull: Pull): Promise<Arrived> {
  try {
    return await pullAs(pull, pull.columns);
  } catch (error) {
    const message = messageOf(error);
    const odd = ODD.find(({ said }) => message.includes(said));
    if (odd !== undefined) {
      const others = pull.columns.map((column) => column[odd.other] ?? column);
      if (pull.canonical === true && others.some((column, i) => column !== pull.columns[i]))
        return pullRows({ ...pull, columns: others });
      const names = pull.columns.filter((column) => column[odd.other] !== undefined).map(({ name }) => name);
      throw new CutoverError(
        'TYPE_MISMATCH',
        `${odd.what}, in ${names.length === 1 ? 'the column' : 'one of the columns'} ${names.join(', ')}`,
        'Leave the column out by `ignore`, or compare a query that makes a text of it on both sides.',
        { cause: error },
      );
    }
    // A numeric may hold NaN whatever its precision, which no DECIMAL does.
    if (!/^Conversion Error/i.test(message) || !pull.columns.some(({ form }) => form.kind === 'decimal')) throw error;
    return pullRows({ ...pull, columns: pull.columns.map(asNumber) });
  }
}

/** What the load says of values that DuckDB has none for, and how they are sent instead. */
const ODD = [
  { said: DEEP_LIST, other: 'deep', what: 'a list on the PostgreSQL side has several dimensions' },
  {
    said: LATE_TIME,
    other: 'late',
    what: 'a time on the PostgreSQL side is later than the last one of DuckDB, in 294247',
  },
] as const;

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
