import type { OpenProject } from './open.js';
import { servedColumns } from './served.js';
import { sameText } from '../canary/same-text.js';
import type { ColumnFamily } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import { windowColumn } from '../shadow/merge.js';
import type { SqlSession } from '../store/contract.js';

/** Types whose values a view finds again by their canonical text. */
const WINDOWS: readonly ColumnFamily[] = ['date', 'timestamp', 'timestamptz', 'integer', 'text'];

/** Whether windows can be told: what `serve.merge` says of events must name the values that the column holds. Errors: CONFIG_INVALID, TYPE_MISMATCH. */
export async function checkMerges({ env, store, project }: OpenProject, session: SqlSession): Promise<void> {
  for (const pipeline of project.pipelines) {
    const { name, merge } = pipeline;
    if (merge === undefined) continue;
    const columns = await servedColumns(store, session, project.store.schemas, pipeline);
    const column = columns?.batch.find((one) => one.name === merge.column);
    if (column === undefined) continue;
    const at = `pipelines.${name}.serve.merge`;
    const given = await windowColumn(env, session, merge.from).catch((error: unknown) => {
      throw new CutoverError(
        'CONFIG_INVALID',
        `${at}: the window of an event, ${merge.from}, cannot be computed from the log's columns`,
        'Give an expression over the events in `from`, for example: { window: event_hour, from: "date_trunc(\'hour\', event_time)" }.',
        { cause: error },
      );
    });
    if (!WINDOWS.includes(column.family) || /_NS$/i.test(column.type)) {
      throw new CutoverError(
        'CONFIG_INVALID',
        `${at}: the window column ${merge.column} is of type ${column.type}; a window is a date, a timestamp, a whole number or a text`,
        'Name another column, or cast it in both jobs.',
      );
    }
    if (given === undefined || !sameText(given, column)) {
      throw new CutoverError(
        'TYPE_MISMATCH',
        `${at}: ${merge.from} is ${given?.type ?? 'nothing'} where the column ${merge.column} is ${column.type}`,
        'Cast one of them, so that both name a window by the same value.',
      );
    }
  }
}
