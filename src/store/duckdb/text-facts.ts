import type { Column } from '../../model/column.js';
import type { Row } from '../contract.js';
import { duckDbDialect } from './dialect.js';
import { candidatesOf, mayBeNumber, type Candidate, type Written } from './text-candidates.js';
import type { Workspace } from './workspace.js';

/** One side of a comparison in the workspace. */
export interface TextSide {
  readonly relation: string;
  readonly columns: readonly Column[];
  readonly written: ReadonlyMap<string, Written>;
  readonly label: string;
}

/** What was found in the texts of a column. */
export interface Facts {
  readonly written: Written;
  /** Any value at all. */
  readonly filled: boolean;
  /** By candidate: how many texts do not fit, and the first of them. */
  readonly candidates: readonly Tested[];
}

type Tested = Candidate & { readonly misfits: number; readonly example: string };

interface Wanted {
  readonly name: string;
  readonly value: string;
  readonly written: Written;
  readonly partner: Column | undefined;
}

/** What the texts of columns are, beside the columns of the other side where these have types. */
export async function factsOf(
  workspace: Workspace,
  side: TextSide,
  asked: readonly (readonly [name: string, partner: Column | undefined])[],
): Promise<Map<string, Facts>> {
  const wanted = asked.flatMap(([name, partner]): Wanted[] => {
    const written = side.written.get(name);
    return written === undefined ? [] : [{ name, value: duckDbDialect.quote(name), written, partner }];
  });
  if (wanted.length === 0) return new Map();
  const shapes = await shapesOf(workspace, side.relation, wanted);
  const open = wanted.map((one, i) => candidatesOf(one.value, one.written, one.partner, shapes[i] ?? NO_DIGITS));
  // The first rows settle most columns. Where the other side's type is known, every misfit counts.
  const sample = `(SELECT * FROM ${side.relation} LIMIT ${SAMPLE})`;
  const asWhole = wanted.map(({ partner }, i) => (partner === undefined ? (open[i] ?? []) : []));
  const first = await misfitsOf(workspace, sample, wanted, asWhole);
  const left = open.map((list, i) => list.filter((_, j) => (first[i]?.[j]?.misfits ?? 0) === 0));
  const tested: Tested[][] = wanted.map(() => []);
  // The narrowest candidates first: one look at all rows is enough for most.
  for (;;) {
    const next = left.map((list, i) => {
      const candidate = list[tested[i]?.length ?? 0];
      const found = tested[i]?.some(({ misfits }) => misfits === 0) === true;
      return candidate === undefined || found ? [] : [candidate];
    });
    if (next.every((list) => list.length === 0)) break;
    const round = await misfitsOf(workspace, side.relation, wanted, next);
    round.forEach((list, i) => tested[i]?.push(...list));
  }
  return new Map(
    wanted.map(({ name, written }, i) => [
      name,
      { written, filled: shapes[i]?.filled === true, candidates: tested[i] ?? [] },
    ]),
  );
}

const SAMPLE = 1000;
const NO_DIGITS = { filled: false, whole: 0, scale: 0 };

/** Whether a column has any value, and bounds of the digits of the numbers in it. */
async function shapesOf(
  workspace: Workspace,
  relation: string,
  wanted: readonly Wanted[],
): Promise<{ filled: boolean; whole: number; scale: number }[]> {
  const list = wanted.map(({ value, written, partner }, i) => {
    if (!mayBeNumber(written, partner)) return `count(${value}) AS c${i}`;
    const point = `strpos(${value}, '.')`;
    const number = `TRY_CAST(${value} AS DOUBLE) IS NOT NULL`;
    const whole = `CASE WHEN ${point} > 0 THEN ${point} - 1 ELSE length(${value}) END - CASE WHEN starts_with(${value}, '-') THEN 1 ELSE 0 END`;
    return `count(${value}) AS c${i}, max(CASE WHEN ${number} THEN ${whole} END) AS w${i},
      max(CASE WHEN ${number} AND ${point} > 0 AND NOT contains(${value}, 'e') AND NOT contains(${value}, 'E') THEN length(${value}) - ${point} END) AS s${i}`;
  });
  const [row = {}] = await workspace.session.query(`SELECT ${list.join(', ')} FROM ${relation}`);
  return wanted.map((_, i) => ({
    filled: Number(row[`c${i}`] ?? 0) > 0,
    whole: Number(row[`w${i}`] ?? 0),
    scale: Number(row[`s${i}`] ?? 0),
  }));
}

/**
 * Candidates looked at by one statement: each has patterns, and DuckDB keeps up to some megabytes for each pattern while the statement runs, which its memory
 * limit does not count. All at once, files of 200 columns took 7 GB.
 */
const AT_ONCE = 24;

/** For each candidate how many texts do not fit it, and the first of them. */
async function misfitsOf(
  workspace: Workspace,
  relation: string,
  wanted: readonly Wanted[],
  candidates: readonly (readonly Candidate[])[],
): Promise<Tested[][]> {
  const tests = candidates.flatMap((list, i) =>
    list.map(({ fits }, j) => {
      const value = wanted[i]?.value ?? '';
      const misfit = `${value} IS NOT NULL AND NOT coalesce(${fits}, false)`;
      return `count(*) FILTER (WHERE ${misfit}) AS m${i}_${j}, min(${value}) FILTER (WHERE ${misfit}) AS x${i}_${j}`;
    }),
  );
  const found: Row = {};
  for (let from = 0; from < tests.length; from += AT_ONCE) {
    const some = tests.slice(from, from + AT_ONCE).join(', ');
    const [row] = await workspace.session.query(`SELECT ${some} FROM ${relation}`);
    Object.assign(found, row);
  }
  return candidates.map((list, i) =>
    list.map((candidate, j) => ({
      ...candidate,
      misfits: Number(found[`m${i}_${j}`] ?? 0),
      example: String(found[`x${i}_${j}`] ?? ''),
    })),
  );
}
