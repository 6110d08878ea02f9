import type pg from 'pg';
import { CutoverError } from '../../model/errors.js';

/** The result of the last statement: several in one text give a list of results. Errors: INTERNAL. */
export function lastOf(result: pg.QueryResult | readonly pg.QueryResult[]): pg.QueryResult {
  const last = Array.isArray(result) ? (result as readonly pg.QueryResult[]).at(-1) : (result as pg.QueryResult);
  if (last !== undefined) return last;
  throw new CutoverError('INTERNAL', 'a statement gave no result', 'Please report this defect.');
}
