import type { SqlSession, TableRead } from '../contract.js';

/** A name or a quoted name of a qualified one. */
const PART = /"((?:[^"]|"")*)"|[^."]+/g;

interface PlanNode {
  readonly extra_info?: Readonly<Record<string, unknown>>;
  readonly children?: readonly PlanNode[];
}

/** By the plan as it was bound: the optimizer may leave out a table whose rows it can tell without reading them. Sessions are opened with `explain_output = 'all'`. */
export async function tablesRead(session: SqlSession, statement: string): Promise<TableRead[]> {
  const rows = await session.query(`EXPLAIN (FORMAT json)\n${statement}`);
  const bound = rows.find((row) => row['explain_key'] === 'logical_plan')?.['explain_value'];
  if (typeof bound !== 'string') throw new Error('DuckDB explained a statement without its logical plan');
  return (JSON.parse(bound) as readonly PlanNode[]).flatMap(tablesOf);
}

function tablesOf({ extra_info: info, children = [] }: PlanNode): TableRead[] {
  const table = info?.['Table'];
  const parts = typeof table === 'string' ? [...table.matchAll(PART)] : [];
  const [schema, name] = parts.slice(-2).map(([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole);
  const own = name === undefined || schema === undefined ? [] : [{ schema, name }];
  return [...own, ...children.flatMap(tablesOf)];
}
