import { setTimeout as after } from 'node:timers/promises';
import { checkOptions } from './check-options.js';
import type { CompareTablesOptions } from './diff-options.js';
import { diffTables } from './diff.js';
import type { DiffReport } from '../model/diff-report.js';
import { silentProgress, type Clock } from '../model/ports.js';

const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    after(ms, undefined, signal === undefined ? {} : { signal }).then(
      () => undefined,
      () => undefined,
    ),
};

/**
 * Compares any two tables, files or queries key by key: what `cutover diff` does. Resolves with the result whatever its verdict is; only `verdict: 'pass'`
 * says that they agree. Rejects with a `CutoverError` when it could not be found out, or when an option is not known or out of its range (USAGE). Nothing is written but scratch files in the folder for temporary files.
 *
 * @example
 * const report = await compareTables({ left: 'old.parquet', right: 'postgres://ada@db/shop#orders', key: ['order_id'] });
 * if (report.verdict !== 'pass') console.log(report.reasons, report.discrepancies);
 */
export async function compareTables(options: CompareTablesOptions): Promise<DiffReport> {
  checkOptions(options);
  const { cwd, signal, progress, ...rest } = options;
  return diffTables(
    {
      cwd: cwd ?? process.cwd(),
      env: process.env,
      clock,
      progress: progress ?? silentProgress,
      signal: signal ?? new AbortController().signal,
    },
    rest,
  );
}
