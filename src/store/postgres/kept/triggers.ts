import type { KeptSide } from '../../contract/kept.js';
import { literal } from '../names.js';
import { deltasTable, followFunction, MARK, NULL_KEYS, triggerPrefix } from './names.js';

/**
 * Writers may have set these to anything, and texts of values depend on them. Names in the expressions are those of pg_catalog: the function runs with the
 * rights of who made it, so that writers need none of their own.
 */
const SETTINGS = `SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres'
  SET extra_float_digits = 1 SET bytea_output = hex SET standard_conforming_strings = on`;

/** The columns of a table as one text; the table's number is `of`. */
export function columnsText(of: string): string {
  return `(SELECT string_agg(attnum || ' ' || attname || ' ' || atttypid || ' ' || atttypmod || ' ' || CAST(attgenerated AS TEXT), ',' ORDER BY attnum)
    FROM pg_catalog.pg_attribute WHERE attrelid = ${of} AND attnum > 0 AND NOT attisdropped)`;
}

/** `bucket` and `h` of each row of a relation, which goes by the side's name in the expressions. Evaluated once a row. */
export function hashedRows(side: KeptSide, relation: string, more = ''): string {
  return `(SELECT CASE WHEN ${side.nullKey} THEN ${NULL_KEYS} ELSE ${side.bucket} END AS bucket,
    CASE WHEN ${side.nullKey} THEN BIGINT '0' ELSE ${side.hash} END AS h${more} FROM ${relation} ${side.side} OFFSET BIGINT '0')`;
}

/**
 * The function that the triggers of a table call: it appends what a statement did to each bucket, with the rows and in their transaction. It never updates,
 * so that no writer waits for another. It must never fail, for the writer's statement would: where the columns are no longer those that it
 * was made for, it leaves a mark instead.
 *
 * @param columns the table's columns as `columnsText` gives them
 */
export function followStatement(id: number, side: KeptSide, columns: string): string {
  const deltas = deltasTable(id);
  const stream = side.side === 'stream' ? 'true' : 'false';
  // Hardly two rows of a statement are in one bucket: to group them would cost more than it saves.
  const one = (relation: string, sign: '' | '-'): string =>
    `INSERT INTO ${deltas} SELECT ${stream}, bucket, ${sign}1, ${sign}CAST(h AS NUMERIC) FROM ${hashedRows(side, relation)} hashed;`;
  const sumOf = (sign: string): string => `coalesce(sum(h) FILTER (WHERE sign = ${sign}), 0)`;
  const body = `BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO ${deltas} VALUES (${stream}, ${MARK.truncated}, 0, 0);
  ELSIF ${columnsText('TG_RELID')} IS DISTINCT FROM ${literal(columns)} THEN
    INSERT INTO ${deltas} VALUES (${stream}, ${MARK.reshaped}, 0, 0);
  ELSIF TG_OP = 'INSERT' THEN
    ${one('cutover_new', '')}
  ELSIF TG_OP = 'DELETE' THEN
    ${one('cutover_old', '-')}
  ELSE
    INSERT INTO ${deltas} SELECT ${stream}, bucket, sum(sign), ${sumOf('1')} - ${sumOf('-1')} FROM (
      ${hashedRows(side, 'cutover_new', ', 1 AS sign')} UNION ALL ${hashedRows(side, 'cutover_old', ', -1 AS sign')}) hashed
    GROUP BY bucket HAVING sum(sign) <> 0 OR ${sumOf('1')} <> ${sumOf('-1')};
  END IF;
  RETURN NULL;
END`;
  return `CREATE FUNCTION ${followFunction(id, side.side)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${SETTINGS} AS ${literal(body)}`;
}

const EVENTS = {
  insert: 'REFERENCING NEW TABLE AS cutover_new',
  update: 'REFERENCING OLD TABLE AS cutover_old NEW TABLE AS cutover_new',
  delete: 'REFERENCING OLD TABLE AS cutover_old',
  truncate: '',
} as const;

export const TRIGGERS = Object.keys(EVENTS).length;

/** The triggers of a side. ALWAYS: they work for sessions that replicate, too. */
export function triggerStatements(id: number, side: KeptSide): string[] {
  return Object.entries(EVENTS).flatMap(([event, transition]) => {
    const name = `${triggerPrefix(id)}${event}`;
    return [
      `CREATE TRIGGER ${name} AFTER ${event.toUpperCase()} ON ${side.relation} ${transition} FOR EACH STATEMENT EXECUTE FUNCTION ${followFunction(id, side.side)}()`,
      `ALTER TABLE ${side.relation} ENABLE ALWAYS TRIGGER ${name}`,
    ];
  });
}
