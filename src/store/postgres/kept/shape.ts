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

/** What the tables of digests hold; another number has them built anew. */
const LAYOUT = 2;

/** Their texts depend on more than the value and the session's settings. */
const NAMED = "'^(reg|money$)'";

/** A side's table as it is. */
export interface SideShape {
  /** Why the table's rows cannot be followed, as far as the table itself tells; null: they can. */
  readonly obstacle: string | null;
  readonly shape: Shape;
}

/** What was known of digests, and what is asked with the question whether they still stand for the tables. */
export interface Asked {
  readonly built: StoredShape;
  /** A statement to be done before. */
  readonly before: string;
  /** A query of one value at the most. */
  readonly also: string;
}

/**
 * What the digests of both sides rely on, and the answer to what is asked besides. A look at the types of the columns is left out where there were no enums
 * and the columns are the same: then neither are there now, for a type is made of the same types as long as it is there.
 */
export async function shapesOf(
  session: SqlSession,
  id: number,
  sides: readonly KeptSide[],
  { built, before, also }: Asked = { built: {}, before: '', also: 'NULL' },
): Promise<{ readonly shapes: readonly { side: KeptSide; found: SideShape }[]; readonly answer: string | null }> {
  const named = sides.map(({ side, relation }) => {
    const follow = literal(followFunction(id, side));
    return `(${literal(side)}, CAST(${literal(relation)} AS regclass), ${follow})`;
  });
  const rows = await session.query(
    `${before}SELECT s.side, (${also}) AS answer,
       CASE
         WHEN c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) THEN 'it is partitioned or inherits: a statement on another table of the family fires none of its triggers'
         WHEN c.relkind <> 'r' THEN 'it is no table'
         WHEN c.relpersistence <> 'p' THEN 'it is temporary or unlogged: its rows may go without a trace'
         WHEN row_security_active(c.oid) THEN 'row security hides rows of it from this role'
         WHEN EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid = c.oid) THEN 'a subscription writes it, which fires no triggers for statements'
       END AS obstacle,
       ${columnsText('c.oid')} AS columns,
       c.oid || ' ' || coalesce(pg_relation_filenode(c.oid), 0) AS file,
       (SELECT count(*) || '/' || coalesce(string_agg(g.tgname || ' ' || g.tgfoid || ' ' || g.xmin, ',' ORDER BY g.tgname), '') FROM pg_trigger g
         WHERE g.tgrelid = c.oid AND starts_with(g.tgname, ${literal(triggerPrefix(id))}) AND g.tgenabled = 'A')
         || '/' || coalesce((SELECT p.oid || ' ' || p.xmin FROM pg_proc p WHERE p.oid = to_regproc(s.follow)), '') AS triggers,
       CAST(current_setting('server_version_num') AS INTEGER) / 10000 AS server
     FROM (VALUES ${named.join(', ')}) AS s (side, relation, follow) JOIN pg_class c ON c.oid = s.relation`,
  );
  const shapes: { side: KeptSide; found: SideShape }[] = [];
  for (const side of sides) {
    const row = rows.find((one) => one['side'] === side.side);
    if (row === undefined)
      throw new CutoverError(
        'STORE_CONFLICT',
        `${side.relation} is dropped or made anew at this moment`,
        'Run again: it is looked up anew.',
      );
    const text = (name: string): string => String(row[name] ?? '');
    const former = built[side.side];
    const typed = former?.labels !== '' || former.columns !== text('columns');
    const { obstacle, labels } = typed ? await typesOf(session, side) : { obstacle: null, labels: '' };
    const rules = createHash('sha256').update(JSON.stringify([LAYOUT, side.bucket, side.hash, side.nullKey]));
    const why = row['obstacle'] === null ? obstacle : text('obstacle');
    shapes.push({
      side,
      found: {
        obstacle: why === null ? null : `${side.relation}: ${why}`,
        shape: {
          table: text('file'),
          columns: text('columns'),
          labels,
          // One that is missing or not always enabled fits no stored text.
          triggers: text('triggers').startsWith(`${TRIGGERS}/`) ? text('triggers') : 'not enabled',
          rules: rules.digest('hex'),
          server: text('server'),
        },
      },
    });
  }
  const answer = rows[0]?.['answer'];
  return { shapes, answer: typeof answer === 'string' ? answer : null };
}

/** Why texts of a side's columns cannot be relied upon (null: they can), and the labels of all enums that they are made of; '' where there are no enums. */
async function typesOf(session: SqlSession, side: KeptSide): Promise<{ obstacle: string | null; labels: string }> {
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
         WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = CAST($1 AS regclass) AND a.attname IN (${used}) AND a.attgenerated = 'v') THEN 'a column is generated when it is read: triggers do not see its values'
         WHEN EXISTS (SELECT FROM odd) THEN (SELECT 'column ' || attname || ' is of the type ' || typname || ', whose text may change while the row does not' FROM odd LIMIT 1)
       END AS obstacle,
       coalesce((SELECT string_agg(p.oid || ':' || coalesce((SELECT string_agg(e.oid || ' ' || e.enumlabel, ',' ORDER BY e.oid) FROM pg_enum e WHERE e.enumtypid = p.oid), ''), ';' ORDER BY p.oid)
         FROM pg_type p WHERE p.typtype = 'e' AND p.oid IN (SELECT oid FROM types)), '') AS labels`,
    [side.relation],
  );
  const obstacle = row?.['obstacle'];
  return { obstacle: typeof obstacle === 'string' ? obstacle : null, labels: String(row?.['labels']) };
}

/** Why the digests of a side that was like `built` do not stand for one that is like `now`; null: they do. */
export function changeOf(relation: string, built: Shape | undefined, now: Shape): string | null {
  const parts: readonly Part[] = ['server', 'columns', 'labels', 'rules', 'table', 'triggers'];
  const changed = parts.find((part) => built?.[part] !== now[part] || now[part] === 'not enabled');
  return changed === undefined ? null : `${relation}: ${PARTS[changed]}`;
}
