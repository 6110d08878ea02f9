import { join } from 'node:path';
import type { CommonColumns } from './diff-columns.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { sameColumns } from './diff-key.js';
import { WORKSPACE, type OpenSide, type Sides } from './diff-sides.js';
import { compareTables, type DiffInput, type DiffOutcome } from '../diff/compare.js';
import type { Column } from '../model/column.js';
import type { DiffAlignment, DiffReport } from '../model/diff-report.js';
import type { SqlDialect } from '../store/contract.js';
import { fileList } from '../store/duckdb/file-rows.js';
import { typeTexts, type TextSide, type Written } from '../store/duckdb/text-columns.js';

/** Two sides whose rows may have to meet first. */
export interface PlaceRequest {
  readonly left: OpenSide;
  readonly right: OpenSide;
  readonly common: CommonColumns;
  readonly where: { readonly batch?: string; readonly stream?: string };
  /** What the comparison is given besides the tables. */
  readonly input: Omit<DiffInput, 'batch' | 'stream' | 'unique' | 'key'>;
  readonly network: NonNullable<DiffOptions['network']>;
}

export interface Placed {
  readonly outcome: DiffOutcome;
  readonly place: DiffReport['plan']['place'];
  readonly reason: string;
  readonly alignment: DiffAlignment;
  readonly notes: readonly string[];
  readonly lossy: readonly string[];
  /** Milliseconds that rows took to come together. */
  readonly pull: number;
}

/**
 * Compares two open sides where they are, or where their rows can meet. This is the seam between endpoints and the ways of comparing them: a way of its own
 * (digests exchanged between two servers, for example) is one more branch here.
 */
export async function compareInPlace(sides: Sides, context: DiffContext, request: PlaceRequest): Promise<Placed> {
  const { left, right } = request;
  if (left.home === right.home) return left.home === WORKSPACE ? inWorkspace(sides, request) : inOneDatabase(request);
  return pulled(sides, context, request);
}

/** Both tables in one snapshot of one database; nothing that a query or the comparison writes there is kept. */
async function inOneDatabase(request: PlaceRequest): Promise<Placed> {
  const { left, common } = request;
  let outcome: DiffOutcome | undefined;
  const done = new Error('the comparison is done');
  // SEAM: once the comparison needs no temporary table, this transaction is to be READ ONLY, so that it also runs on a standby.
  await left.session
    .transaction(async () => {
      outcome = await compareTables(left.session, left.dialect, inputOf(request, left, request.right));
      throw done;
    }, 'snapshot')
    .catch((error: unknown) => {
      if (error !== done) throw error;
    });
  if (outcome === undefined) throw done;
  return {
    outcome,
    place: 'one_store',
    reason: 'both tables are in one database',
    alignment: {
      method: 'snapshot',
      exact: true,
      detail: 'both tables in one snapshot of their database (repeatable read)',
    },
    notes: common.notes,
    lossy: [],
    pull: 0,
  };
}

async function inWorkspace(sides: Sides, request: PlaceRequest): Promise<Placed> {
  const { left, right, common } = request;
  const typed = await typeTexts(await sides.workspace(), left, right, common.pairs);
  const input = inputOf(request, { ...left, relation: typed.left }, { ...right, relation: typed.right });
  return {
    outcome: await compareTables(left.session, left.dialect, input),
    place: 'one_store',
    reason: 'DuckDB reads both sides where they are',
    alignment: {
      method: 'snapshot',
      exact: true,
      detail: 'both sides stood still: files that did not change, databases opened to be read only',
    },
    notes: [...common.notes, ...typed.notes],
    lossy: [],
    pull: 0,
  };
}

/** The rows of servers are brought into the workspace first. */
async function pulled(sides: Sides, { clock, progress }: DiffContext, request: PlaceRequest): Promise<Placed> {
  const workspace = await sides.workspace();
  const began = clock.now().getTime();
  const lossy: string[] = [];
  const bring = async (side: OpenSide, index: 0 | 1): Promise<TextSide & { readonly where: string | undefined }> => {
    const predicate = index === 0 ? request.where.batch : request.where.stream;
    if (side.home === WORKSPACE) return { ...side, where: predicate };
    progress.update(`reading ${side.name}`, 0);
    const names = request.common.pairs.map((pair) => pair[index]);
    const columns = names.flatMap((name) => side.columns.find((column) => column.name === name) ?? []);
    const sent = columns.map((column) => sentColumn(column, side.dialect));
    lossy.push(...sent.flatMap(({ loss }) => (loss === undefined ? [] : [loss])));
    const path = join(workspace.folder, `${side.name}.parquet`);
    await side.session.exportParquet(
      `SELECT ${sent.map(({ value }) => value).join(', ')} FROM ${side.relation} AS cutover_rows${predicate === undefined ? '' : ` WHERE (${predicate}\n)`}`,
      path,
    );
    const relation = `read_parquet(${fileList(workspace, [path])}, hive_partitioning = false)`;
    return {
      relation,
      columns: await workspace.columns(relation, side.label),
      label: side.label,
      written: new Map(sent.flatMap(({ name, written }) => (written === undefined ? [] : [[name, written] as const]))),
      where: undefined,
    };
  };
  const [left, right] = [await bring(request.left, 0), await bring(request.right, 1)];
  const typed = await typeTexts(workspace, left, right, request.common.pairs);
  const pull = clock.now().getTime() - began;
  const where = {
    ...(left.where === undefined ? {} : { batch: left.where }),
    ...(right.where === undefined ? {} : { stream: right.where }),
  };
  const input = inputOf(
    { ...request, where },
    { ...request.left, ...left, dialect: workspace.dialect, relation: typed.left },
    { ...request.right, ...right, dialect: workspace.dialect, relation: typed.right },
  );
  const servers = [request.left, request.right].filter((side) => side.home !== WORKSPACE).map((side) => side.name);
  return {
    outcome: await compareTables(workspace.session, workspace.dialect, input),
    place: 'pulled',
    reason: `the sides are in two places: the rows of the ${servers.join(' and the ')} were read into DuckDB`,
    alignment: {
      method: 'as_read',
      exact: false,
      detail: `the ${servers.join(' and then the ')} in ${servers.length === 1 ? 'a snapshot' : 'a snapshot each'} of its server; what was written in between is a difference`,
    },
    notes: [...request.common.notes, ...typed.notes],
    lossy,
    pull,
  };
}

/** How a column leaves the server: as its text where DuckDB has no such type. */
function sentColumn(
  { name, type, family }: Column,
  { quote }: SqlDialect,
): { name: string; value: string; written?: Written; loss?: string } {
  const text = `CAST(${quote(name)} AS TEXT) AS ${quote(name)}`;
  const [, precision = '99', scale = '99'] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  switch (family) {
    case 'decimal':
      return Number(precision) <= 38 && Number(scale) <= Number(precision)
        ? { name, value: quote(name) }
        : { name, value: text, written: 'number' };
    case 'uuid':
      return { name, value: text, written: 'string' };
    case 'time':
    case 'interval':
    case 'struct':
    case 'other':
      return { name, value: text, written: 'string', loss: `${name}: ${type} is compared by its text in PostgreSQL` };
    default:
      return { name, value: quote(name) };
  }
}

function inputOf(request: PlaceRequest, left: OpenSide, right: OpenSide): DiffInput {
  const { common, where, input } = request;
  const isUnique = (side: OpenSide, index: 0 | 1): boolean => {
    const key = new Set(common.pairs.slice(0, common.key.length).map((pair) => pair[index]));
    return side.unique.some((names) => names.every((name) => key.has(name)) && sameColumns(names, [...key]));
  };
  return {
    ...input,
    batch: relationOf(
      left,
      common.pairs.map(([l]) => [l, l]),
      where.batch,
    ),
    stream: relationOf(
      right,
      common.pairs.map(([l, r]) => [r, l]),
      where.stream,
    ),
    key: common.key,
    unique: { batch: isUnique(left, 0), stream: isUnique(right, 1) },
  };
}

/** A side with the columns that are compared, by the names on the left, and the rows that are. */
function relationOf(
  side: Pick<OpenSide, 'relation' | 'columns' | 'dialect'>,
  renamed: readonly (readonly [own: string, name: string])[],
  where: string | undefined,
): string {
  const { quote } = side.dialect;
  const same = renamed.length === side.columns.length && renamed.every(([own, name]) => own === name);
  if (same && where === undefined) return side.relation;
  const list = renamed.map(([own, name]) => (own === name ? quote(own) : `${quote(own)} AS ${quote(name)}`));
  const has = new Set(side.columns.map((column) => column.name.toLowerCase()));
  // A filter may use either name of a column.
  const also = renamed
    .filter(([own, name]) => own !== name && !has.has(name.toLowerCase()))
    .map(([own, name]) => `${quote(own)} AS ${quote(name)}`);
  const rows =
    where === undefined || also.length === 0
      ? side.relation
      : `(SELECT *, ${also.join(', ')} FROM ${side.relation} AS cutover_side)`;
  return `(SELECT ${list.join(', ')} FROM ${rows} AS cutover_rows${where === undefined ? '' : ` WHERE (${where}\n)`})`;
}
