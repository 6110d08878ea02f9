import type { SqlSession, TableRead } from '../contract.js';

interface PlanNode {
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** By the planner: a table that it can tell to give no row is left out, which does no harm. What stands inside functions is not seen. */
export async function tablesRead(session: SqlSession, statement: string): Promise<TableRead[]> {
  const rows = await session.query(`EXPLAIN (VERBOSE, FORMAT JSON)\n${statement}`);
  const plan = Object.values(rows[0] ?? {})[0];
  const parsed = (typeof plan === 'string' ? JSON.parse(plan) : plan) as readonly { readonly Plan: PlanNode }[];
  return parsed.flatMap(({ Plan }) => tablesOf(Plan));
}

function tablesOf(node: PlanNode): TableRead[] {
  const { Schema: schema, 'Relation Name': name, Plans: plans = [] } = node;
  const own = name === undefined || schema === undefined ? [] : [{ schema, name }];
  return [...own, ...plans.flatMap(tablesOf)];
}
