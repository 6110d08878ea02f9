import { createHash } from 'node:crypto';
import { CutoverError } from '../../../model/errors.js';
import type { SqlSession } from '../../contract.js';
import type { KeptSide } from '../../contract/kept.js';
import { literal } from '../names.js';
import { followFunction, triggerPrefix } from './names.js';
import { columnsText, TRIGGERS } from './triggers.js';

/** What digests of a side rely on besides the rows that pass through its triggers. By part: what is said when it is another one. */
const PARTS = {
  table: 'it is another table, or was written anew (TRUNCATE, VACUUM FULL, ALTER TABLE, a restore)',
  columns: 'its columns changed',
  labels: 'the labels of an enum type changed',
  triggers: 'its triggers were disabled, enabled or dropped',
  rules: 'the rules, the key or the types of the comparison changed',
  server: 'the server is of another version',
} as const;

type Part = keyof typeof PARTS;
export type Shape = Readonly<Record<Part, string>>;

/** What is stored of digests besides their rows. */
export interface StoredShape {
  readonly batch?: Shape;
  readonly stream?: Shape;
  readonly shift?: number | null;
}

/** Their texts depend on more than the value and the session's settings. */
const NAMED = "'^(reg|money$)'";

/** @returns why the table's rows cannot be followed (null: they can), and what the digests rely on */
export async function shapeOf(
  session: SqlSession,
  id: number,
  side: KeptSide,
): Promise<{ obstacle: string | null; columns: string; shape: Shape }> {
  const used = side.columns.map(literal).join(', ');
  const [row] = await session.query(
    `WITH RECURSIVE types(attname, oid) AS (
       SELECT a.attname, a.atttypid FROM pg_attribute a WHERE a.attrelid = CAST($1 AS regclass) AND a.attname IN (${used}) AND NOT a.attisdropped
       UNION SELECT t.attname, CASE WHEN p.typtype = 'd' THEN p.typbasetype ELSE p.typelem END FROM types t JOIN pg_type p ON p.oid = t.oid
       WHERE p.typtype = 'd' OR (p.typcategory = 'A' AND p.typelem <> 0)
     ), odd AS (
       SELECT t.attname, p.typname FROM types t JOIN pg_type p ON p.oid = t.oid
       WHERE p.typtype IN ('c', 'p') OR p.typname ~ ${NAMED}
          OR (p.typtype NOT IN ('d', 'e') AND p.typcategory <> 'A' AND p.typnamespace <> 'pg_catalog'::regnamespace AND p.typname <> 'citext')
     )
     SELECT CASE
         WHEN c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) THEN 'it is partitioned or inherits: a statement on another table of the family fires none of its triggers'
         WHEN c.relkind <> 'r' THEN 'it is no table'
         WHEN c.relpersistence <> 'p' THEN 'it is temporary or unlogged: its rows may go without a trace'
         WHEN row_security_active(c.oid) THEN 'row security hides rows of it from this role'
         WHEN EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) THEN 'a subscription writes it, which fires no triggers for statements'
         WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN (${used}) AND a.attgenerated = 'v') THEN 'a column is generated when it is read: triggers do not see its values'
         WHEN EXISTS (SELECT FROM odd) THEN (SELECT 'column ' || attname || ' is of the type ' || typname || ', whose text may change while the row does not' FROM odd LIMIT 1)
       END AS obstacle,
       ${columnsText('c.oid')} AS columns,
       c.oid || ' ' || coalesce(pg_relation_filenode(c.oid), 0) AS file,
       coalesce((SELECT string_agg(e.oid || ' ' || e.enumlabel, ',' ORDER BY e.oid) FROM pg_enum e WHERE e.enumtypid IN (SELECT oid FROM types)), '') AS labels,
       coalesce((SELECT string_agg(g.tgname || ' ' || g.tgfoid || ' ' || g.xmin, ',' ORDER BY g.tgname) FROM pg_trigger g
         WHERE g.tgrelid = c.oid AND starts_with(g.tgname, ${literal(triggerPrefix(id))}) AND g.tgenabled = 'A'), '')
         || '/' || coalesce((SELECT p.oid || ' ' || p.xmin FROM pg_proc p WHERE p.oid = to_regproc(${literal(followFunction(id, side.side))})), '') AS triggers,
       (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND starts_with(g.tgname, ${literal(triggerPrefix(id))}) AND g.tgenabled = 'A') AS enabled,
       CAST(current_setting('server_version_num') AS INTEGER) / 10000 AS server
     FROM pg_class c WHERE c.oid = CAST($1 AS regclass)`,
    [side.relation],
  );
  if (row === undefined)
    throw new CutoverError(
      'STORE_CONFLICT',
      `${side.relation} is dropped or made anew at this moment`,
      'Run again: it is looked up anew.',
    );
  const rules = createHash('sha256').update(JSON.stringify([side.bucket, side.hash, side.nullKey]));
  const text = (name: string): string => String(row[name] ?? '');
  return {
    obstacle: row['obstacle'] === null ? null : `${side.relation}: ${text('obstacle')}`,
    columns: text('columns'),
    shape: {
      table: text('file'),
      columns: text('columns'),
      labels: text('labels'),
      // One that is missing or not always enabled fits no stored text.
      triggers: Number(row['enabled']) === TRIGGERS ? text('triggers') : 'not enabled',
      rules: rules.digest('hex'),
      server: text('server'),
    },
  };
}

/** Why the digests of a side that was like `built` do not stand for one that is like `now`; null: they do. */
export function changeOf(relation: string, built: Shape | undefined, now: Shape): string | null {
  const parts: readonly Part[] = ['server', 'columns', 'labels', 'rules', 'table', 'triggers'];
  const changed = parts.find((part) => built?.[part] !== now[part] || now[part] === 'not enabled');
  return changed === undefined ? null : `${relation}: ${PARTS[changed]}`;
}
