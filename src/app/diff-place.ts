import type { Chunked } from './diff-chunked.js';
import type { CommonColumns } from './diff-columns.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { filteredColumns, relationOf } from './diff-filter.js';
import { sameColumns } from './diff-key.js';
import { diffAcross, inSnapshot, type AcrossRequest } from './diff-across.js';
import { WORKSPACE, type OpenSide, type Sides } from './diff-sides.js';
import { pullRows } from './pull.js';
import { compareTables } from '../diff/compare.js';
import type { DiffInput, DiffOutcome } from '../diff/input.js';
import type { DiffAlignment, DiffReport } from '../model/diff-report.js';
import type { Column } from '../model/column.js';
import type { Verdict } from '../model/verdict.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { Arrived } from '../store/duckdb/arrived.js';
import { PADDED } from '../store/duckdb/given-value.js';
import { typeTexts, type TypedSides } from '../store/duckdb/text-columns.js';
import type { TextSide } from '../store/duckdb/text-facts.js';
import { EXACT_NUMBER } from '../store/duckdb/transfer-forms.js';
import { SCRATCH, type Workspace } from '../store/duckdb/workspace.js';

/** Two sides whose rows may have to meet first. */
export interface PlaceRequest {
  readonly left: OpenSide;
  readonly right: OpenSide;
  readonly common: CommonColumns;
  readonly where: { readonly batch?: string; readonly stream?: string };
  /** What the comparison is given besides the tables. */
  readonly input: Omit<DiffInput, 'batch' | 'stream' | 'unique' | 'key'>;
  readonly network: NonNullable<DiffOptions['network']>;
  /** Compares part by part of the keys. */
  readonly chunked?: Chunked | undefined;
  /** Leaves only some rows of a file of texts, once its columns have their types. */
  readonly typed?: NarrowTyped;
}

/** @param columns those of a relation in the workspace */
export type NarrowTyped = (
  name: OpenSide['name'],
  relation: string,
  dialect: SqlDialect,
  columns: (relation: string) => Promise<readonly Column[]>,
) => Promise<string>;

export interface Placed {
  readonly outcome: DiffOutcome;
  readonly place: DiffReport['plan']['place'];
  readonly reason: string;
  readonly alignment: DiffAlignment;
  readonly notes: readonly string[];
  readonly lossy: readonly string[];
  /** What the way of comparing itself has to say against a pass. */
  readonly findings?: readonly (readonly [Verdict, string])[];
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
  return needsTypes(request) ? pulled(sides, context, request) : across(sides, request);
}

/** A side is texts, whose types depend on those of the other. */
export function needsTypes({ left, right }: Pick<PlaceRequest, 'left' | 'right'>): boolean {
  return left.written.size + right.written.size > 0;
}

/** The reasons that need no numbers. */
export const ONE_DATABASE = 'both tables are in one database';
export const ONE_WORKSPACE = 'DuckDB reads both sides where they are';

/** Both tables in one snapshot of one database, which is only read: a query that writes is refused by the server. */
async function inOneDatabase(request: PlaceRequest): Promise<Placed> {
  const { left, right, common } = request;
  const input = { ...inputOf(request, left, right), readOnly: true };
  return {
    outcome: await inSnapshot(left.session, () => compare(request, left.session, left.dialect, input)),
    place: 'one_store',
    reason: ONE_DATABASE,
    alignment: {
      method: 'snapshot',
      exact: true,
      detail: 'both tables in one snapshot of their database (repeatable read, read only)',
    },
    notes: common.notes,
    lossy: [],
    pull: 0,
  };
}

function compare(
  { chunked }: PlaceRequest,
  session: SqlSession,
  dialect: SqlDialect,
  input: DiffInput,
): Promise<DiffOutcome> {
  return chunked?.compare(session, dialect, input) ?? compareTables(session, dialect, input);
}

async function inWorkspace(sides: Sides, request: PlaceRequest): Promise<Placed> {
  const { left, right, common } = request;
  const typed = await typeTexts(await sides.workspace(), left, right, common.pairs, filteredColumns(request));
  const input = inputOf(request, { ...left, relation: typed.left }, { ...right, relation: typed.right });
  const readers = await (await sides.workspace()).readers();
  return {
    outcome: await compare(request, left.session, left.dialect, { ...input, readers }),
    place: 'one_store',
    reason: ONE_WORKSPACE,
    alignment: alignmentHere(left, right),
    notes: [...common.notes, ...typed.notes],
    lossy: [],
    pull: 0,
  };
}

function alignmentHere(left: OpenSide, right: OpenSide): DiffAlignment {
  const moving = [left, right].filter(({ still }) => !still);
  if (moving.length === 0)
    return {
      method: 'snapshot',
      exact: true,
      detail: 'both sides stood still: files that did not change, databases opened to be read only',
    };
  const names = moving.map(({ name }) => `the ${name}`).join(' and ');
  return {
    method: 'as_read',
    exact: false,
    detail: `${names} as statement by statement read it: what was written meanwhile may be a difference, or hide one`,
  };
}

/** Whether what DuckDB reads of both sides cannot change meanwhile, or one database has them in one snapshot. */
export function isExact({ left, right }: Pick<PlaceRequest, 'left' | 'right'>): boolean {
  return left.home === right.home && (left.home !== WORKSPACE || (left.still && right.still));
}

/** The sides are in two places: the planner chooses how much of them meets in the workspace. */
async function across(sides: Sides, request: PlaceRequest): Promise<Placed> {
  const asked = await acrossRequest(sides, request);
  const outcome = await (request.chunked?.across(asked) ?? diffAcross(asked));
  const { alignment, timing, ...found } = outcome;
  const { place, place_reason: reason, ...plan } = found.plan;
  const { notes } = request.common;
  return { outcome: { ...found, plan }, place, reason, alignment, notes, lossy: [], pull: timing.pull };
}

export async function acrossRequest(sides: Sides, request: PlaceRequest): Promise<AcrossRequest> {
  const { left, right, input, network } = request;
  const workspace = await sides.workspace();
  const { batch, stream, unique, key } = inputOf(request, left, right);
  return {
    ...input,
    batch: { session: left.session, dialect: left.dialect, relation: batch, unique: unique.batch },
    stream: { session: right.session, dialect: right.dialect, relation: stream, unique: unique.stream },
    key,
    network,
    workspace: { session: workspace.session, scratch: SCRATCH, tempDir: workspace.folder },
  };
}

/** A file of texts, whose types depend on those of the other side, against a server, whose rows are brought into the workspace first. */
async function pulled(sides: Sides, { clock, progress }: DiffContext, request: PlaceRequest): Promise<Placed> {
  const workspace = await sides.workspace();
  const began = clock.now().getTime();
  const lossy: string[] = [];
  const filtered = filteredColumns(request);
  const bring = async (side: OpenSide, index: 0 | 1): Promise<TextSide & { readonly where: string | undefined }> => {
    const predicate = index === 0 ? request.where.batch : request.where.stream;
    if (side.home === WORKSPACE) return { ...side, where: predicate };
    progress.update(`reading ${side.name}`, 0);
    const names = [...request.common.pairs, ...filtered.pairs].map((pair) => pair[index]);
    const { sentColumns } = await import('../store/postgres/transfer.js');
    const given = names.flatMap((name) => side.columns.find((column) => column.name === name) ?? []);
    const columns = sentColumns(given, new Set());
    const filled = new Map(
      given.flatMap(({ name, type }) => (/^character\(\d+\)(\[\])?$/.test(type) ? [[name, type]] : [])),
    );
    lossy.push(...columns.flatMap(({ loss }) => loss ?? []));
    for (const [name, type] of filled)
      lossy.push(`${name}: ${type} and texts compared without the blanks that fill up ${type}`);
    const arrived = await inSnapshot(side.session, () =>
      pullRows({
        from: side.session,
        relation: side.relation,
        where: predicate === undefined ? [] : [`${predicate}\n`],
        columns,
        into: { session: workspace.session, table: `${SCRATCH}.cutover_${side.name}`, tempDir: workspace.folder },
      }),
    );
    const texts = arrived.columns.filter(({ type }) => type === EXACT_NUMBER);
    return {
      relation: withJson(arrived, workspace.dialect.quote),
      columns: arrived.columns.map(({ name, ...column }) => {
        const fills = filled.get(name);
        if (fills?.endsWith('[]') === true) return { name, type: `${PADDED}[]`, family: 'list' };
        return column.type === EXACT_NUMBER || fills !== undefined
          ? { name, type: fills === undefined ? 'VARCHAR' : PADDED, family: 'text' }
          : { name, ...column };
      }),
      label: side.label,
      written: new Map(texts.map(({ name }) => [name, 'exact'])),
      where: undefined,
    };
  };
  const [left, right] = [await bring(request.left, 0), await bring(request.right, 1)];
  const texts = await typeTexts(workspace, left, right, request.common.pairs, filtered);
  const typed = await narrowed(workspace, request, texts);
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
  const server = serverOf(request).name;
  return {
    outcome: await compare(request, workspace.session, workspace.dialect, input),
    place: 'pulled',
    reason: readForItsTypes(request),
    alignment: {
      method: 'as_read',
      exact: false,
      detail: `the ${server} in a snapshot of its server; what was written in between is a difference`,
    },
    notes: [...request.common.notes, ...typed.notes],
    lossy,
    pull,
  };
}

/** The side that DuckDB cannot read where it is. */
function serverOf({ left, right }: Pick<PlaceRequest, 'left' | 'right'>): OpenSide {
  return left.home === WORKSPACE ? right : left;
}

export function readForItsTypes(request: PlaceRequest): string {
  return `the ${serverOf(request).name} is read into DuckDB, where the texts of the other side get its types`;
}

async function narrowed(workspace: Workspace, request: PlaceRequest, typed: TypedSides): Promise<TypedSides> {
  const { typed: narrow } = request;
  if (narrow === undefined) return typed;
  const { dialect, session } = workspace;
  const one = (name: OpenSide['name']): Promise<string> =>
    narrow(name, typed[name], dialect, (relation) => dialect.columns(session, relation));
  return { ...typed, left: await one('left'), right: await one('right') };
}

/** JSON arrives as text, and is compared by value with what the texts of the other side say. */
function withJson({ relation, columns }: Arrived, quote: (name: string) => string): string {
  const json = columns
    .filter(({ family }) => family === 'json')
    .map(({ name }) => `CAST(${quote(name)} AS JSON) AS ${quote(name)}`);
  return json.length === 0 ? relation : `(SELECT * REPLACE (${json.join(', ')}) FROM ${relation})`;
}

export function inputOf(request: PlaceRequest, left: OpenSide, right: OpenSide): DiffInput {
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
      common.beside.map(([l, r]) => [r, l]),
    ),
    key: common.key,
    unique: { batch: isUnique(left, 0), stream: isUnique(right, 1) },
  };
}
