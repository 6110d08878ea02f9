import { isNumeric, isTimestamp, type Column } from '../../model/column.js';
import { duckDbDialect } from './dialect.js';
import { familyOf } from './types.js';
import type { Workspace } from './workspace.js';

/** How a value stood where it has no type: in CSV, as a number or a text in JSON, or as a text that stands for a value of a typed store. */
export type Written = 'text' | 'number' | 'string';

/** One side of a comparison in the workspace. */
export interface TextSide {
  readonly relation: string;
  readonly columns: readonly Column[];
  readonly written: ReadonlyMap<string, Written>;
  readonly label: string;
}

export interface TypedSides {
  readonly left: string;
  readonly right: string;
  readonly notes: readonly string[];
}

/** A type that the texts of a column may have. */
interface Candidate {
  readonly column: Column;
  /** The value of a text that fits. */
  readonly cast: string;
  readonly fits: string;
}

interface Facts {
  /** Any value at all. */
  readonly filled: boolean;
  /** By candidate: how many texts do not fit, and the first of them. */
  readonly candidates: readonly (Candidate & { readonly misfits: number; readonly example: string })[];
}

const PLAIN = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?';
const LOOSE = '[+-]?[0-9]+(?:\\.[0-9]*)?|[+-]?\\.[0-9]+|[+-]?0*\\.?0*[eE][+-]?[0-9]+';
const REAL = '[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?';
const DATE = '[0-9]{4,6}-[0-9]{2}-[0-9]{2}';
// Nothing, or a zero, after the sixth digit: what is finer is not rounded.
const TIME = '[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6}0*)?)?';
const ZONE = '(?:Z| ?[+-][0-9]{2}(?::?[0-9]{2})?)';

/**
 * Gives the columns without types the types in which they are compared: of a column that the other side has with a type, that type; of one that neither side
 * has with a type, the narrowest that holds all of its values exactly (a leading zero, or more digits than any number type holds, make it a text). Where a
 * value does not fit the other side's type, both sides are compared by their texts, so that it is found as a difference and not taken for NULL.
 *
 * @param pairs names of the columns on the left and on the right
 */
export async function typeTexts(
  workspace: Workspace,
  left: TextSide,
  right: TextSide,
  pairs: readonly (readonly [left: string, right: string])[],
): Promise<TypedSides> {
  const notes: string[] = [];
  const typed = { left: new Map<string, string>(), right: new Map<string, string>() };
  const columnOf = (side: TextSide, name: string): Column | undefined =>
    side.written.has(name) ? undefined : side.columns.find((column) => column.name === name);
  const facts = {
    left: await factsOf(
      workspace,
      left,
      pairs.map(([l, r]) => [l, columnOf(right, r)]),
    ),
    right: await factsOf(
      workspace,
      right,
      pairs.map(([l, r]) => [r, columnOf(left, l)]),
    ),
  };
  for (const [l, r] of pairs) {
    const [ofLeft, ofRight] = [facts.left.get(l), facts.right.get(r)];
    const [onLeft, onRight] = [columnOf(left, l), columnOf(right, r)];
    if (ofLeft !== undefined && ofRight !== undefined) {
      const [a, b] = [narrowest(ofLeft), narrowest(ofRight)];
      // A side without any value takes the other's type.
      const [forLeft, forRight] = [ofLeft.filled ? a : b, ofRight.filled ? b : a];
      if (forLeft === undefined || forRight === undefined || !comparable(forLeft.column, forRight.column)) continue;
      typed.left.set(l, ofLeft.filled ? forLeft.cast : `CAST(NULL AS ${forLeft.column.type})`);
      typed.right.set(r, ofRight.filled ? forRight.cast : `CAST(NULL AS ${forRight.column.type})`);
    } else if (ofLeft !== undefined && onRight !== undefined) {
      byPartner(ofLeft, l, onRight, { own: typed.left, other: typed.right, otherName: r }, left.label, notes);
    } else if (ofRight !== undefined && onLeft !== undefined) {
      byPartner(ofRight, r, onLeft, { own: typed.right, other: typed.left, otherName: l }, right.label, notes);
    }
  }
  return { left: viewOf(left, typed.left), right: viewOf(right, typed.right), notes };
}

/** Types of the columns of one side by themselves: what a query over files sees. */
export async function typeAlone(workspace: Workspace, side: TextSide): Promise<string> {
  const facts = await factsOf(
    workspace,
    side,
    [...side.written.keys()].map((name) => [name, undefined]),
  );
  const typed = new Map<string, string>();
  for (const [name, of] of facts) {
    const type = of.filled ? narrowest(of) : undefined;
    if (type !== undefined) typed.set(name, type.cast);
  }
  return viewOf(side, typed);
}

function byPartner(
  facts: Facts,
  name: string,
  partner: Column,
  into: { readonly own: Map<string, string>; readonly other: Map<string, string>; readonly otherName: string },
  label: string,
  notes: string[],
): void {
  const { quote } = duckDbDialect;
  const [best] = [...facts.candidates].sort((a, b) => a.misfits - b.misfits);
  if (best === undefined) {
    if (partner.family !== 'text') {
      into.other.set(into.otherName, duckDbDialect.canonicalText(quote(into.otherName), partner));
      notes.push(`column ${name} is compared by its texts: ${label} has texts, the other side ${partner.type}`);
    }
    return;
  }
  if (best.misfits === 0) {
    into.own.set(name, facts.filled ? best.cast : `CAST(NULL AS ${partner.type})`);
    return;
  }
  const text = duckDbDialect.canonicalText(best.cast, best.column);
  into.own.set(name, `CASE WHEN ${best.fits} THEN ${text} ELSE ${quote(name)} END`);
  into.other.set(into.otherName, duckDbDialect.canonicalText(quote(into.otherName), partner));
  notes.push(
    `column ${name} is compared by its texts: ${best.misfits === 1 ? '1 value' : `${best.misfits} values`} of ${label} ${best.misfits === 1 ? 'is' : 'are'} no ${partner.type}, such as ${JSON.stringify(best.example)}`,
  );
}

function narrowest(facts: Facts): Candidate | undefined {
  return facts.candidates.find(({ misfits }) => misfits === 0);
}

function comparable(a: Column, b: Column): boolean {
  return (
    a.family === b.family ||
    (isNumeric(a.family) && isNumeric(b.family)) ||
    (isTimestamp(a.family) && isTimestamp(b.family))
  );
}

function viewOf(side: TextSide, typed: ReadonlyMap<string, string>): string {
  if (typed.size === 0) return side.relation;
  const { quote } = duckDbDialect;
  const values = side.columns.map(({ name }) => {
    const expression = typed.get(name);
    return expression === undefined ? quote(name) : `${expression} AS ${quote(name)}`;
  });
  return `(SELECT ${values.join(', ')} FROM ${side.relation})`;
}

async function factsOf(
  workspace: Workspace,
  side: TextSide,
  asked: readonly (readonly [name: string, partner: Column | undefined])[],
): Promise<Map<string, Facts>> {
  const { quote } = duckDbDialect;
  const wanted = asked.flatMap(([name, partner]) => {
    const written = side.written.get(name);
    return written === undefined ? [] : [{ name, value: quote(name), written, partner }];
  });
  if (wanted.length === 0) return new Map();
  const numeric = wanted.map(({ value, written, partner }) => digitsOf(value, written, partner));
  const [shapes = {}] = await workspace.session.query(
    `SELECT ${wanted
      .map(({ value }, i) => {
        const form = numeric[i]?.form;
        const digits =
          form === undefined
            ? ''
            : `, max(CASE WHEN ${form} THEN length(regexp_extract(${value}, '^[+-]?0*([0-9]*)', 1)) END) AS w${i}
               , max(CASE WHEN ${form} AND NOT contains(lower(${value}), 'e') THEN length(rtrim(regexp_extract(${value}, '[.]([0-9]*)$', 1), '0')) END) AS s${i}`;
        return `count(${value}) AS c${i}${digits}`;
      })
      .join(', ')} FROM ${side.relation}`,
  );
  const candidates = wanted.map((one, i) =>
    candidatesOf(one.value, one.written, one.partner, numeric[i]?.form, {
      whole: Number(shapes[`w${i}`] ?? 0),
      scale: Number(shapes[`s${i}`] ?? 0),
    }),
  );
  const tests = candidates.flatMap((list, i) =>
    list.flatMap(({ fits }, j) => {
      const value = wanted[i]?.value ?? '';
      const misfit = `${value} IS NOT NULL AND NOT coalesce(${fits}, false)`;
      return [
        `count(*) FILTER (WHERE ${misfit}) AS m${i}_${j}`,
        `min(${value}) FILTER (WHERE ${misfit}) AS x${i}_${j}`,
      ];
    }),
  );
  const [row = {}] =
    tests.length === 0 ? [] : await workspace.session.query(`SELECT ${tests.join(', ')} FROM ${side.relation}`);
  return new Map(
    wanted.map(({ name }, i) => [
      name,
      {
        filled: Number(shapes[`c${i}`] ?? 0) > 0,
        candidates: (candidates[i] ?? []).map((candidate, j) => ({
          ...candidate,
          misfits: Number(row[`m${i}_${j}`] ?? 0),
          example: String(row[`x${i}_${j}`] ?? ''),
        })),
      },
    ]),
  );
}

/** The form of an exact number, where a column may hold such. A zero in front means something where nobody says that it is a number. */
function digitsOf(value: string, written: Written, partner: Column | undefined): { readonly form: string } | undefined {
  if (partner === undefined ? written === 'string' : !isNumeric(partner.family) || partner.family === 'double')
    return undefined;
  return { form: `regexp_full_match(${value}, '${partner === undefined ? PLAIN : LOOSE}')` };
}

function candidatesOf(
  value: string,
  written: Written,
  partner: Column | undefined,
  numberForm: string | undefined,
  digits: { readonly whole: number; readonly scale: number },
): Candidate[] {
  const of = (type: string, form: string | undefined, extra = ''): Candidate => {
    const cast = `TRY_CAST(${value} AS ${type})`;
    const formed = form === undefined ? '' : `regexp_full_match(${value}, '${form}') AND `;
    return { column: { name: '', type, family: familyOf(type) }, cast, fits: `${formed}${cast} IS NOT NULL${extra}` };
  };
  const number = (): Candidate[] => {
    const { whole, scale } = digits;
    if (numberForm === undefined || whole + scale > 38) return [];
    const type = scale === 0 && whole <= 18 ? 'BIGINT' : `DECIMAL(${Math.max(1, whole + scale)},${scale})`;
    const cast = `TRY_CAST(${value} AS ${type})`;
    return [
      { column: { name: '', type, family: familyOf(type) }, cast, fits: `${numberForm} AND ${cast} IS NOT NULL` },
    ];
  };
  // 1e400 is no infinity, and 1e-400 no zero.
  const double = (form: string, few: boolean): Candidate => {
    const cast = `TRY_CAST(${value} AS DOUBLE)`;
    const count = `length(regexp_replace(regexp_replace(${value}, '[eE].*|[+-]', '', 'g'), '^[0.]+|[.]', '', 'g'))`;
    return of(
      'DOUBLE',
      form,
      ` AND (NOT isinf(${cast}) OR regexp_full_match(${value}, '(?i)[+-]?inf(?:inity)?')) AND (${cast} <> 0 OR NOT regexp_matches(${value}, '^[^eE]*[1-9]'))${few ? ` AND ${count} <= 15` : ''}`,
    );
  };
  const times = (): Candidate[] => [
    of('TIMESTAMP', `${DATE}(?:[T ]${TIME})?|-?infinity`),
    of('TIMESTAMP WITH TIME ZONE', `${DATE}(?:[T ]${TIME}${ZONE}?)?|-?infinity`),
  ];
  if (partner === undefined) {
    if (written === 'string') return [];
    if (written === 'number') return [...number(), double(REAL, true)];
    return [of('BOOLEAN', '(?i)true|false'), ...number(), double(REAL, true), of('DATE', DATE), ...times()];
  }
  switch (partner.family) {
    case 'text':
      return [];
    case 'boolean':
      return [of('BOOLEAN', '(?i)true|false|t|f|1|0')];
    case 'integer':
    case 'decimal':
      return number();
    case 'double':
      return [double(`(?i)${REAL}|[+-]?(?:nan|inf|infinity)`, false)];
    case 'date':
      return [of('DATE', `${DATE}|-?infinity`)];
    case 'timestamp':
      return times();
    case 'timestamptz':
      return times().slice(1);
    case 'time':
      return [of('TIME', TIME)];
    case 'uuid':
      return [of('UUID', '[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}')];
    case 'json':
      return [{ column: partner, cast: `CAST(${value} AS JSON)`, fits: `json_valid(${value})` }];
    case 'bytes':
      return [
        {
          column: partner,
          cast: `unhex(substr(${value}, 3))`,
          fits: `regexp_full_match(${value}, '\\\\x(?:[0-9a-fA-F]{2})*')`,
        },
      ];
    default: {
      const cast = `TRY_CAST(${value} AS ${partner.type})`;
      return [{ column: partner, cast, fits: `${cast} IS NOT NULL AND CAST(${cast} AS VARCHAR) = ${value}` }];
    }
  }
}
