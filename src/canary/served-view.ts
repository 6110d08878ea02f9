import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession, TableRead } from '../store/contract.js';
import { windowIsOpen, type MergedPipeline } from '../store/state/merge.js';
import { BUCKETS } from './bucket.js';
import { sameText } from './same-text.js';

export interface ServedView {
  readonly servedSchema: string;
  /** Where the sides' rows stand. */
  readonly batch: TableRead;
  readonly stream: TableRead;
  /** The name of the view. */
  readonly pipeline: string;
  /** The batch side's columns that the stream side also has, in the batch side's order. */
  readonly columns: readonly string[];
  /** The key columns as the batch side has them, in key order. */
  readonly keyColumns: readonly Column[];
  /** The key columns as the stream side has them; undefined: of the same types. */
  readonly streamKeyColumns?: readonly Column[];
  readonly sharePpm: number;
  readonly salt: string;
  /** Keys that are not on the stream yet are read from it all the same where this column's window is open. */
  readonly merge?: MergedPipeline & { readonly column: string };
}

/**
 * The query of the view that makes readers of the plain name see each key from its side. At 0% and 100% it is a plain select of one side;
 * between, both sides filtered by the key's bucket, so that each key is read from exactly one. A row without a key is read from batch.
 * Where the pipeline merges, batch rows are shown of closed windows alone, and the stream's rows of the others stand in their place, from 0% on.
 *
 * Errors: TYPE_MISMATCH where a key's types give its value two texts, because then its bucket would depend on the side;
 * KEY_COLUMN_MISSING where a key column is not served.
 */
export function servedQuery(dialect: SqlDialect, view: ServedView): string {
  const columns = view.columns.map((column) => dialect.quote(column)).join(', ');
  const from = ({ schema, name }: TableRead) =>
    `SELECT ${columns} FROM ${dialect.quote(schema)}.${dialect.quote(name)}`;
  if (view.sharePpm >= BUCKETS) return from(view.stream);
  if (view.sharePpm <= 0 && view.merge === undefined) return from(view.batch);
  const streamKey = view.streamKeyColumns ?? view.keyColumns;
  checkKeys(view, streamKey);
  const share = Math.trunc(view.sharePpm);
  if (view.merge !== undefined) {
    // The same condition on both sides, never NULL: a key's rows are read from exactly one.
    const onStream = (key: readonly Column[]): string => mergedSql(dialect, view, key, share);
    return `${from(view.stream)} WHERE ${onStream(streamKey)}\nUNION ALL\n${from(view.batch)} WHERE NOT ${onStream(view.keyColumns)}`;
  }
  // A NULL in the key makes the bucket NULL: kept on the batch side, filtered out on the stream side.
  return (
    `${from(view.stream)} WHERE ${bucketSql(dialect, view, streamKey)} < ${share}\n` +
    `UNION ALL\n${from(view.batch)} WHERE coalesce(${bucketSql(dialect, view, view.keyColumns)}, ${BUCKETS}) >= ${share}`
  );
}

/** In a transaction: makes the served view follow. Errors: those of `servedQuery`, and of the store. */
export function showServedView(session: SqlSession, dialect: SqlDialect, view: ServedView): Promise<void> {
  return dialect.showView(session, view.servedSchema, view.pipeline, servedQuery(dialect, view));
}

function mergedSql(dialect: SqlDialect, view: ServedView, keyColumns: readonly Column[], share: number): string {
  const column = keyColumns.find(({ name }) => name === view.merge?.column);
  if (column === undefined || view.merge === undefined)
    throw new CutoverError(
      'KEY_COLUMN_MISSING',
      `the window column ${view.merge?.column ?? ''} of ${view.pipeline} is not on both sides`,
      'Select it in both jobs.',
    );
  const open = windowIsOpen(dialect, view.merge, column);
  const byKey = `coalesce(${bucketSql(dialect, view, keyColumns)}, ${BUCKETS}) < ${share}`;
  return share <= 0 ? open : `(${byKey} OR ${open})`;
}

function bucketSql(dialect: SqlDialect, { salt }: ServedView, keyColumns: readonly Column[]): string {
  const texts = keyColumns.map((column) => dialect.canonicalText(dialect.quote(column.name), column));
  return dialect.canaryBucket(dialect.canonicalKey(texts), salt);
}

function checkKeys({ keyColumns, columns, pipeline }: ServedView, streamKey: readonly Column[]): void {
  for (const [index, batch] of keyColumns.entries()) {
    const stream = streamKey[index];
    if (stream === undefined || !columns.includes(batch.name)) {
      throw new CutoverError(
        'KEY_COLUMN_MISSING',
        `the key column ${batch.name} of ${pipeline} is not on both sides`,
        'Select the key columns in both jobs.',
      );
    }
    if (!sameText(batch, stream)) {
      throw new CutoverError(
        'TYPE_MISMATCH',
        `the key column ${batch.name} of ${pipeline} is ${batch.type} on the batch side and ${stream.type} on the stream side`,
        'Cast it to one type in both jobs: the canary must find the same bucket for a key on both sides.',
      );
    }
  }
}
