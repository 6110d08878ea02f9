import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { partitionPredicate } from './batch-job.js';
import type { ShadowEnvironment } from './environment.js';
import { publishByAddress } from './publish-by-address.js';
import { tableOfSide } from './sides.js';
import { hasUniqueKey, RESULT, tableName } from './tables.js';

export interface PublishCounts {
  /** Keys whose rows were added, changed or removed. */
  readonly changedKeys: number;
  /** The table's columns changed, so that whatever reads it by name must be made anew. */
  readonly reshaped: boolean;
}

/** Whether the result has other columns than the batch side's table: publishing it replaces the whole table, so that it must be a full one. */
export async function reshapes(env: ShadowEnvironment, session: SqlSession, pipeline: Pipeline): Promise<boolean> {
  const { dialect } = env.store;
  const shape = async (relation: string): Promise<string> =>
    JSON.stringify((await dialect.columns(session, relation)).map(({ name, type }) => [name, type]));
  return (await shape(dialect.stored(RESULT))) !== (await shape(tableName(dialect, env.schemas.batch, pipeline.name)));
}

/**
 * Makes the batch side equal to `cutover_result`, touching only the keys whose rows differ: readers never see an empty or half table.
 * Rows are compared per key by count and sum of row hashes, so duplicate and NULL keys are kept as the job made them.
 *
 * @param partitions as for `runBatchJob`: rows outside them are left alone
 */
export async function publish(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  partitions: readonly string[] | undefined,
): Promise<PublishCounts> {
  const counts = await replaceRows(env, session, pipeline, partitions);
  // Readers look keys up on either side. Where the stream's table has an index on its key, this one can have one: very long texts have no place in any.
  if (await hasUniqueKey(session, tableOfSide(env.schemas, pipeline, 'stream'), pipeline)) {
    const columns = await env.store.dialect.columns(session, env.store.dialect.stored(RESULT));
    const key = pipeline.key.flatMap((name) => columns.find((column) => column.name === name) ?? []);
    await env.store.dialect.indexKey(session, { schema: env.schemas.batch, name: pipeline.name }, key);
  }
  return counts;
}

async function replaceRows(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  partitions: readonly string[] | undefined,
): Promise<PublishCounts> {
  const { dialect } = env.store;
  const result = dialect.stored(RESULT);
  const table = tableName(dialect, env.schemas.batch, pipeline.name);
  const wanted = await dialect.columns(session, result);
  const names = wanted.map(({ name }) => dialect.quote(name));
  if (await reshapes(env, session, pipeline)) {
    await dialect.detachView(session, env.schemas.served, pipeline.name);
    await session.run(`DROP TABLE ${table}`);
    await session.run(`CREATE TABLE ${table} AS SELECT * FROM ${result}`);
    const [row] = await session.query(`SELECT count(*) AS n FROM ${result}`);
    return { changedKeys: Number(row?.['n']), reshaped: true };
  }
  const scope = partitionPredicate(env, pipeline, partitions);
  const where = scope === undefined ? '' : ` WHERE ${scope}`;
  const key = pipeline.key.map(dialect.quote);
  if (scope !== undefined) {
    // A key that moved here from a partition that is not computed now must not stand in both.
    await session.run(
      `DELETE FROM ${table} AS t WHERE NOT coalesce(${scope}, false) AND EXISTS (SELECT 1 FROM ${result} r WHERE ${key.map((name) => `r.${name} = t.${name}`).join(' AND ')})`,
    );
  }
  const [any] = await session.query(`SELECT 1 AS found FROM ${table}${where} LIMIT 1`);
  if (any === undefined) {
    return {
      changedKeys: await session.run(
        `INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.join(', ')} FROM ${result}`,
      ),
      reshaped: false,
    };
  }
  const target = { table, result, columns: wanted, key: pipeline.key, scope };
  const joined =
    dialect.rowAddress === null ? null : await publishByAddress(session, dialect, dialect.rowAddress, target);
  if (joined !== null) return { changedKeys: joined, reshaped: false };
  const hashed = wanted.map((column) => ({
    expression: dialect.comparable(dialect.quote(column.name), column, column),
    self: column,
    other: column,
    nullable: true,
  }));
  const side = (relation: string, sign: number, filter: string): string =>
    `SELECT ${key.join(', ')}, ${sign} AS cutover_s, ${sign} * ${dialect.wideHash(dialect.rowHash(hashed))} AS cutover_h FROM ${relation}${filter}`;
  const changedKeys = await session.materialize(
    'cutover_changed',
    `SELECT ${key.join(', ')} FROM (${side(result, 1, '')} UNION ALL ${side(table, -1, where)}) AS cutover_both
     GROUP BY ${key.join(', ')} HAVING sum(cutover_s) <> 0 OR sum(cutover_h) <> 0`,
  );
  if (changedKeys > 0) {
    const matches = (alias: string): string =>
      `EXISTS (SELECT 1 FROM cutover_changed c WHERE ${key.map((name) => `c.${name} IS NOT DISTINCT FROM ${alias}.${name}`).join(' AND ')})`;
    await session.run(`DELETE FROM ${table} AS t WHERE ${scope === undefined ? '' : `${scope} AND `}${matches('t')}`);
    await session.run(
      `INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.join(', ')} FROM ${result} AS r WHERE ${matches('r')}`,
    );
  }
  return { changedKeys, reshaped: false };
}
