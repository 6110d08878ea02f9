import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { routingOf, servedColumns, stateOf } from './served.js';
import { parseKeyArgument } from '../canary/key-argument.js';
import { route } from '../canary/route.js';
import type { Route } from '../model/canary.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';

/** The canonical texts of a key given as text, by the types of the key columns. Errors: KEY_INVALID. */
export async function canonicalParts(open: OpenProject, pipeline: Pipeline, text: string): Promise<string[]> {
  const parts = parseKeyArgument(text, pipeline.key);
  const columns = await servedColumns(open.store, open.session, open.project.store.schemas, pipeline);
  if (columns === null) return parts;
  const { dialect } = open.store;
  const canonical: string[] = [];
  for (const [i, name] of pipeline.key.entries()) {
    const column = columns.batch.find((one) => one.name === name);
    const part = parts[i] ?? '';
    if (column === undefined)
      throw new CutoverError(
        'KEY_COLUMN_MISSING',
        `the batch side of ${pipeline.name} has no column ${name}`,
        'Run `cutover run --once`.',
      );
    try {
      const [row] = await open.session.query(
        `SELECT ${dialect.canonicalText(`CAST($1 AS ${column.type})`, column)} AS text`,
        [part],
      );
      canonical.push(String(row?.['text']));
    } catch (error) {
      throw new CutoverError(
        'KEY_INVALID',
        `"${part}" is not a value of the key column ${name} (${column.type})`,
        `Give the key as ${pipeline.key.join(',')}.`,
        { cause: messageOf(error) },
      );
    }
  }
  return canonical;
}

/** `cutover route`: which side a key reads, and why. */
export function routeKey(ctx: AppContext, name: string, keyText: string): Promise<Route> {
  return withProject(ctx, async (open) => {
    const pipeline = open.pipeline(name);
    const parts = await canonicalParts(open, pipeline, keyText);
    const state = await stateOf(open.session, pipeline, ctx.clock.now());
    return route(await routingOf(open.store, open.session, pipeline, state), parts);
  });
}
