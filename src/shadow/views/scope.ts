import { CutoverError } from '../../model/errors.js';
import { isTimestamp, type Column } from '../../model/column.js';
import type { View, ViewPartitionBy } from '../../model/view.js';
import type { SqlSession } from '../../store/contract.js';
import type { BuiltView, ViewBasis } from '../../store/state/views.js';
import type { ShadowEnvironment } from '../environment.js';
import { partitionsLanded } from '../scope.js';
import { arrivedBetween, codeHashOf } from './basis.js';

/** Partitions of a view. */
export interface Partitions {
  /** A predicate over its rows that is never NULL; null: there are none. */
  readonly where: string | null;
  /** The same for those of them that events touched. */
  readonly touched: string | null;
  /** How many values that one names. */
  readonly count: number;
}

/** What a refresh computes: some partitions, or all rows and why. */
export type ViewScope =
  | { readonly kind: 'partitions'; readonly partitions: Partitions }
  | {
      readonly kind: 'all';
      /** null: the view has no partitions. */
      readonly reason: string | null;
      /** A full refresh by schedule only: the partitions that would have been enough. */
      readonly enough: Partitions | null;
    };

/**
 * Which rows a refresh has to compute. A partition is touched when an event of it was taken in by a side that readers see since the snapshot of the last
 * refresh: by the stream side with its micro-batch, by the batch side with the result that first reflects it. Whatever else changes rows (another share of the canary,
 * a rebuild, other code, records that were retried) makes it all rows.
 *
 * @param table the view's table, as SQL; null: it has to be made
 */
export async function scopeOfRefresh(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  table: string | null,
  built: BuiltView | null,
  now: ViewBasis,
  full: boolean,
): Promise<ViewScope> {
  const by = view.partitionBy;
  const all = (reason: string): ViewScope => ({ kind: 'all', reason, enough: null });
  if (by === undefined) return { kind: 'all', reason: null, enough: null };
  if (built === null || table === null) return all('it was not built before');
  if (built.codeHash !== codeHashOf(view)) return all('its SQL or its partitions changed');
  if (full) return all('it was asked for');
  if (built.basis === null) return all('tables that it reads were rebuilt');
  const arrived = await arrivedBetween(session, built.basis, now);
  if ('reason' in arrived) return all(arrived.reason);
  const landed = await partitionsLanded(env, session, by.from, arrived.ranges);
  if (landed === null) return all('events of too many partitions arrived');
  const column = await partitionColumn(env, session, view, by, table);
  const name = env.store.dialect.quote(column.name);
  const recent = by.lookback === null ? null : await lookback(env, session, table, column, landed.values, by.lookback);
  const touched = [
    ...(landed.values.length === 0 ? [] : [`${name} IN (${landed.values.join(', ')})`]),
    ...(landed.nulls ? [`${name} IS NULL`] : []),
  ];
  const partitions = {
    where: anyOf([...touched, ...(recent === null ? [] : [`${name} >= ${recent}`])]),
    touched: anyOf(touched),
    count: landed.values.length + (landed.nulls ? 1 : 0),
  };
  const age = env.clock.now().getTime() - built.fullAt.getTime();
  if (age >= by.fullEvery) return { kind: 'all', reason: 'it is done anew every full_every', enough: partitions };
  return { kind: 'partitions', partitions };
}

function anyOf(predicates: readonly string[]): string | null {
  return predicates.length === 0 ? null : `coalesce(${predicates.join(' OR ')}, false)`;
}

/** Errors: VIEW_INVALID. */
export async function partitionColumn(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  { column: name, lookback: back }: ViewPartitionBy,
  relation: string,
): Promise<Column> {
  const columns = await env.store.dialect.columns(session, relation);
  const column = columns.find((one) => one.name === name);
  if (column === undefined) {
    throw new CutoverError(
      'VIEW_INVALID',
      `the view ${view.name} has no column ${name} to be partitioned by (it has ${columns.map((one) => one.name).join(', ')})`,
      `Name one of them in views.${view.name}.partition_by, or add it to the query.`,
    );
  }
  if (back !== null && column.family !== 'date' && !isTimestamp(column.family)) {
    throw new CutoverError(
      'VIEW_INVALID',
      `the view ${view.name} looks back over its partitions by a length of time, but ${name} is ${column.type}`,
      `Take lookback out of views.${view.name}.partition_by, or partition it by a date or a time.`,
    );
  }
  return column;
}

/** Where the partitions that are always computed begin, as SQL; null while there are none. */
async function lookback(
  env: ShadowEnvironment,
  session: SqlSession,
  table: string,
  column: Column,
  touched: readonly string[],
  ms: number,
): Promise<string | null> {
  const { dialect } = env.store;
  const values = [
    `SELECT max(${dialect.quote(column.name)}) AS v FROM ${table}`,
    ...touched.map((value) => `SELECT CAST(${value} AS ${column.type})`),
  ];
  const bound = `(SELECT max(v) - INTERVAL '${ms} milliseconds' AS bound FROM (${values.join(' UNION ALL ')}) AS newest)`;
  const [shape] = await dialect.columns(session, bound);
  if (shape === undefined) return null;
  const [row] = await session.query(`SELECT ${dialect.canonicalText('bound', shape)} AS bound FROM ${bound} AS bounds`);
  const text = row?.['bound'];
  return typeof text === 'string' ? `CAST(${dialect.literal(text)} AS ${shape.type})` : null;
}
