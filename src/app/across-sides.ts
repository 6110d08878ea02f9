import { together } from './together.js';
import { pairColumns, type DiffColumns } from '../diff/columns.js';
import type { ComparedColumn } from '../diff/compared-column.js';
import type { DigestedSide, HashKind } from '../diff/exchange.js';
import type { TransferSide } from '../diff/transfer-plan.js';
import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { CompareConfig } from '../model/project.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { arrivedColumn } from '../store/duckdb/transfer-forms.js';
import type { SentColumn } from '../store/postgres/transfer.js';

export type SideName = 'batch' | 'stream';

/** One of two sides that do not stand in one store. */
export interface AcrossSide {
  /** Of the workspace, or of PostgreSQL: then with no transaction under way. */
  readonly session: SqlSession;
  readonly dialect: SqlDialect;
  /** Relation SQL of its store. */
  readonly relation: string;
  /** True where no key stands twice, and none holds a NULL. */
  readonly unique: boolean;
  /** A predicate over its columns. */
  readonly filter?: string | undefined;
}

/** A side as the comparison in the workspace will see it. */
export interface PreparedSide {
  readonly side: AcrossSide;
  /** Those of its store, by name. */
  readonly own: ReadonlyMap<string, Column>;
  /** How they are sent; null: the side is in the workspace. */
  readonly sent: readonly SentColumn[] | null;
  /** Those of the workspace. */
  readonly columns: readonly Column[];
}

export interface PreparedSides {
  readonly batch: PreparedSide;
  readonly stream: PreparedSide;
  readonly pairs: DiffColumns;
}

export interface PairRequest {
  readonly batch: AcrossSide;
  readonly stream: AcrossSide;
  readonly key: readonly string[];
  readonly rules: CompareConfig;
  readonly today: string;
}

/** Errors: TABLE_MISSING, KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID. */
export async function prepareSides(request: PairRequest): Promise<PreparedSides> {
  const columns = ({ dialect, session, relation }: AcrossSide): Promise<readonly Column[]> =>
    dialect.columns(session, relation);
  const [batch, stream] = await together(columns(request.batch), columns(request.stream));
  const own = { batch, stream };
  const first = {
    batch: await prepare(request.batch, own.batch, new Set()),
    stream: await prepare(request.stream, own.stream, new Set()),
  };
  const pairs = pairsOf(first, request);
  const texts = [...pairs.key, ...pairs.compared].filter((pair) => textSuffices(pair, first));
  if (texts.length === 0) return { ...first, pairs };
  const again = {
    batch: await prepare(request.batch, own.batch, new Set(texts.map(({ batch }) => batch.name))),
    stream: await prepare(request.stream, own.stream, new Set(texts.map(({ stream }) => stream.name))),
  };
  return { ...again, pairs: pairsOf(again, request) };
}

function pairsOf(sides: Pick<PreparedSides, SideName>, { key, rules, today }: PairRequest): DiffColumns {
  return pairColumns(sides.batch.columns, sides.stream.columns, key, rules, today);
}

async function prepare(
  side: AcrossSide,
  columns: readonly Column[],
  asText: ReadonlySet<string>,
): Promise<PreparedSide> {
  const own = new Map(columns.map((column) => [column.name, column]));
  if (side.dialect.kind === 'duckdb') return { side, own, sent: null, columns };
  const { sentColumns } = await import('../store/postgres/transfer.js');
  const sent = sentColumns(columns, asText);
  return { side, own, sent, columns: sent.map(arrivedColumn) };
}

const WITHOUT_COUNTERPART = new Set(['list', 'struct', 'interval', 'other', 'time']);

/** Two values of one type of PostgreSQL are equal when their texts are: no value is then too odd to arrive. */
function textSuffices({ batch, stream, rule }: ComparedColumn, sides: Pick<PreparedSides, SideName>): boolean {
  if (sides.batch.sent === null || sides.stream.sent === null) return false;
  const self = sides.batch.own.get(batch.name);
  const other = sides.stream.own.get(stream.name);
  const { because: _, until: __, ...kinds } = rule;
  if (self === undefined || self.type !== other?.type || Object.keys(kinds).length > 0) return false;
  return WITHOUT_COUNTERPART.has(self.family);
}

/** The columns of a side that take part, in the order of its table; only these are sent. */
export function usedColumns({ sent }: PreparedSide, pairs: DiffColumns, name: SideName): SentColumn[] {
  const used = new Set([...pairs.key, ...pairs.compared].map((pair) => pair[name].name));
  return (sent ?? []).filter((column) => used.has(column.name));
}

/** Whether both stores hash alike, so that the digests of equal rows are equal. */
export function hashKindOf({ batch, stream }: PreparedSides): HashKind {
  return batch.side.dialect.kind === stream.side.dialect.kind ? 'same' : 'text';
}

/** What goes into the digests of a side. */
export function digestedSide(sides: PreparedSides, name: SideName, hash: HashKind): DigestedSide {
  const prepared = sides[name];
  const other = sides[name === 'batch' ? 'stream' : 'batch'];
  const column = (pair: ComparedColumn): DigestedSide['key'][number] => {
    const self = ownOf(prepared, pair[name].name);
    const partner = ownOf(other, pair[name === 'batch' ? 'stream' : 'batch'].name);
    // Sent as a text, digested as one: the comparison in the workspace would see texts too.
    const asText = prepared.sent !== null && pair[name].family === 'text' && self.family !== 'text';
    const mixed = hash === 'same' && self.family !== partner.family;
    return { self, other: partner, asText: asText || (mixed && pair[name].family === 'text') };
  };
  const { side } = prepared;
  return {
    dialect: side.dialect,
    relation: side.relation,
    filter: side.filter,
    unique: side.unique,
    key: sides.pairs.key.map(column),
    compared: sides.pairs.compared.map(column),
  };
}

/** A column of a side in the type of its own store. */
export function ownOf({ own }: PreparedSide, name: string): Column {
  const column = own.get(name);
  if (column !== undefined) return column;
  throw new CutoverError('INTERNAL', `there is no column ${name}`, 'Please report this defect.');
}

/**
 * How much of a side there is: counted where that is cheap, else what the server expects.
 *
 * @param sent the columns that would be sent; null: the side is in the workspace
 */
export async function sizeOf(
  side: Pick<AcrossSide, 'session' | 'dialect' | 'relation' | 'filter'>,
  sent: readonly string[] | null,
): Promise<TransferSide> {
  const where = side.filter === undefined ? '' : ` WHERE (${side.filter}\n)`;
  if (sent === null) {
    const [row] = await side.session.query(`SELECT count(*) AS n FROM ${side.relation} AS cutover_counted${where}`);
    return { rows: Number(row?.['n']), width: 0, away: false };
  }
  const names = sent.map((name) => side.dialect.quote(name)).join(', ');
  const [row] = await side.session.query(`EXPLAIN SELECT ${names} FROM ${side.relation} AS cutover_counted${where}`);
  const [, rows, width] = / rows=(\d+) width=(\d+)/.exec(String(row?.['QUERY PLAN'])) ?? [];
  return { rows: Number(rows ?? 0), width: Number(width ?? 0), away: true };
}
