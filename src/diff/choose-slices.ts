import type { SqlDialect, SqlSession } from '../store/contract.js';
import { boundsFrom, rangeKindOf, type RangeKind, type SlicedColumn, type Slices } from './slices.js';

/** A side that is to be cut. */
export interface CutSide {
  readonly session: SqlSession;
  readonly dialect: SqlDialect;
  /** Relation SQL. */
  readonly relation: string;
  /** In the order of the key. */
  readonly key: readonly SlicedColumn[];
}

/** Values that are looked at, about. */
const LOOKED_AT = 20_000;

/** Slices at the most: where a part is found without reading all, and where each part costs a reading of the whole table. */
const MOST_SLICES = 1024;
const MOST_READINGS = 64;

/** A column that gives so few slices is passed over for one that gives more. */
const FEW = 16;

/**
 * Cuts two tables into slices of about `rows` rows: by the first key column whose values can be put in the same order on both sides, and of which there are enough
 * different ones; else by the hash of the key, which only one store computes alike; else not at all.
 *
 * @param hashed whether both sides are in one store
 */
export async function chooseSlices(
  sides: { readonly batch: CutSide; readonly stream: CutSide },
  rows: number,
  hashed: boolean,
): Promise<{ readonly slices: Slices; readonly rows: number }> {
  const acrossStores = sides.batch.dialect.kind !== sides.stream.dialect.kind;
  const both = [sides.batch, sides.stream];
  const estimates = [await estimatedRows(sides.batch), await estimatedRows(sides.stream)];
  const most = Math.max(...estimates);
  const wanted = Math.max(1, Math.ceil(most / rows));
  const ranges = await Promise.all(
    sides.batch.key.map(async (pair, column) => {
      const kind = rangeKindOf(pair, acrossStores);
      return kind === undefined || !(await orderedByBytes(kind, both)) ? [] : [{ kind, column }];
    }),
  );
  const columns = ranges.flat();
  const samples = await samplesOf(both, columns, estimates);
  const cut: Slices[] = [];
  for (const [index, { kind, column }] of columns.entries()) {
    const quick = await foundQuickly(both, column);
    const bounds = boundsFrom(kind, samples[index] ?? [], Math.min(wanted, quick ? MOST_SLICES : MOST_READINGS) - 1);
    cut.push({ kind, column, bounds, count: bounds.length + 1 });
  }
  const enough = cut.find(({ count }) => count >= Math.min(wanted, FEW));
  const best = enough ?? [...cut].sort((a, b) => b.count - a.count)[0];
  const fallback: Slices =
    hashed && wanted > 1
      ? { kind: 'hash', column: 0, bounds: [], count: powerOfTwo(Math.min(wanted, MOST_READINGS)) }
      : { kind: 'whole', column: 0, bounds: [], count: 1 };
  const slices = enough ?? (fallback.count > (best?.count ?? 1) ? fallback : (best ?? fallback));
  return { slices, rows: most };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** Counted where that is cheap, else what the server expects. */
async function estimatedRows({ session, dialect, relation }: CutSide): Promise<number> {
  if (dialect.countsAreFree) {
    const [row] = await session.query(`SELECT count(*) AS n FROM ${relation} AS cutover_counted`);
    return Number(row?.['n'] ?? 0);
  }
  const [row] = await session.query(`EXPLAIN SELECT 1 FROM ${relation} AS cutover_counted`);
  return Number(/ rows=(\d+) /.exec(String(row?.['QUERY PLAN']))?.[1] ?? 0);
}

/** Texts have one order in two places only where both hold them as UTF-8. */
async function orderedByBytes(kind: RangeKind, sides: readonly CutSide[]): Promise<boolean> {
  if (kind !== 'text') return true;
  for (const { session, dialect } of sides) {
    if (dialect.kind !== 'postgres') continue;
    const [row] = await session.query(`SELECT current_setting('server_encoding') AS encoding`);
    if (row?.['encoding'] !== 'UTF8') return false;
  }
  return true;
}

/** Some values of each of the columns, of both sides. */
async function samplesOf(
  sides: readonly CutSide[],
  columns: readonly { readonly column: number }[],
  estimates: readonly number[],
): Promise<string[][]> {
  const samples = columns.map((): string[] => []);
  if (columns.length === 0) return samples;
  for (const [index, { session, dialect, relation, key }] of sides.entries()) {
    const texts = columns.map(({ column }, at) => {
      const self = key[column]?.self;
      return self === undefined ? 'NULL' : `${dialect.canonicalText(dialect.quote(self.name), self)} AS v${at}`;
    });
    const share = LOOKED_AT / Math.max(1, estimates[index] ?? 0);
    const some = share >= 1 ? '' : `WHERE random() < ${share}`;
    const rows = await session.query(
      `SELECT ${texts.join(', ')} FROM ${relation} AS cutover_sampled ${some} LIMIT ${4 * LOOKED_AT}`,
    );
    for (const row of rows)
      samples.forEach((values, at) => {
        const value = row[`v${at}`];
        if (value !== null && value !== undefined) values.push(String(value));
      });
  }
  return samples;
}

/** Whether rows of a range are found without reading the others: DuckDB reads columns, a server needs an index. */
async function foundQuickly(sides: readonly CutSide[], column: number): Promise<boolean> {
  for (const { session, dialect, relation, key } of sides) {
    if (dialect.kind !== 'postgres') continue;
    const name = key[column]?.self.name;
    // Of a text the bytes are compared, in whose order an index seldom is.
    if (name === undefined || key[column]?.self.family === 'text' || relation.startsWith('(')) return false;
    const [row] = await session.query(
      `SELECT EXISTS (SELECT 1 FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' AND a.attname = $2) AS found`,
      [relation, name],
    );
    if (row?.['found'] !== true) return false;
  }
  return true;
}
