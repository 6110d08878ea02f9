import { CutoverError } from '../../model/errors.js';
import type { View } from '../../model/view.js';
import type { TableRead } from '../../store/contract.js';
import { READ_BY_SERVED } from '../../store/state/merge.js';
import type { ShadowEnvironment } from '../environment.js';
import { checkView, INTERNAL, readsView } from '../job-sql.js';
import { isExternal } from '../sides.js';
import { namedPipelines, statementOf } from './query.js';

/**
 * Refuses, before a view runs, what no refresh of it could make right. Errors: SQL_FAILED, SQL_REACHES_ACROSS, both with file and line; VIEW_INVALID.
 */
export function checkViews({ views, pipelines, schemas, store }: ShadowEnvironment): void {
  for (const view of views) {
    const statement = statementOf(view);
    checkView(view, views, pipelines, schemas, store.kind);
    const external = namedPipelines(statement, pipelines).find(isExternal);
    if (view.partitionBy !== undefined && external !== undefined) {
      throw new CutoverError(
        'VIEW_INVALID',
        `the view ${view.name} has partition_by and reads ${external.name}, of which somebody else writes a side: no event tells what changed there`,
        `Take partition_by out of views.${view.name}.`,
      );
    }
  }
}

/** What names do not tell: a view or a function of the user's may lead to it. Errors: SQL_REACHES_ACROSS. */
export function refuseReads(env: ShadowEnvironment, view: View, tables: readonly TableRead[]): void {
  const statement = statementOf(view);
  const merging = env.pipelines.some(({ merge }) => merge !== undefined);
  const place = { file: view.sql.path, line: (view.sql.firstLine ?? 1) - 1 + statement.line };
  for (const { schema, name } of tables) {
    if (schema === env.schemas.served && env.views.some((one) => one.name === name))
      throw readsView(view.name, name, place);
    if (!INTERNAL.includes(schema) || (merging && READ_BY_SERVED.includes(name))) continue;
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `the view SQL of ${view.name} reads ${schema}.${name}, which belongs to cutover itself, through a view or a function`,
      'Name pipelines without a schema: a view reads what readers of that name read.',
      { place },
    );
  }
}
