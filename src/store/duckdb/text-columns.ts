import { isNumeric, isTimestamp, type Column } from '../../model/column.js';
import { byCount } from '../../model/counts.js';
import { CutoverError } from '../../model/errors.js';
import { duckDbDialect } from './dialect.js';
import type { Candidate, Written } from './text-candidates.js';
import { factsOf, type Facts, type TextSide } from './text-facts.js';
import { exactNumber } from './given-value.js';
import type { Workspace } from './workspace.js';

export interface FilteredColumns {
  readonly pairs: readonly (readonly [left: string, right: string])[];
  /** Columns that the other side does not have. */
  readonly left: readonly string[];
  readonly right: readonly string[];
}

export interface TypedSides {
  readonly left: string;
  readonly right: string;
  readonly notes: readonly string[];
}

/**
 * Gives the columns without types the types in which they are compared: of a column that the other side has with a type, that type; of one that neither side
 * has with a type, the narrowest that holds all of its values exactly (a leading zero, or more digits than any number type holds, make it a text). Where a
 * value does not fit the other side's type, both sides are compared by their texts, so that it is found as a difference and not taken for NULL.
 *
 * @param compared names of the columns on the left and on the right
 * @param filtered columns that are not compared, of which a filter needs the types
 */
export async function typeTexts(
  workspace: Workspace,
  givenLeft: TextSide,
  givenRight: TextSide,
  compared: readonly (readonly [left: string, right: string])[],
  filtered: FilteredColumns = { pairs: [], left: [], right: [] },
): Promise<TypedSides> {
  const pairs = [...compared, ...filtered.pairs];
  // JSON beside texts, or beside JSON, is JSON; only another type may be read from it.
  const left = withJson(givenLeft, givenRight, pairs);
  const right = withJson(
    givenRight,
    givenLeft,
    pairs.map(([l, r]) => [r, l]),
  );
  const notes: string[] = [];
  const typed = { left: new Map<string, string>(), right: new Map<string, string>() };
  const columnOf = (side: TextSide, name: string): Column | undefined =>
    side.written.has(name) ? undefined : side.columns.find((column) => column.name === name);
  const alone = (names: readonly string[]) => names.map((name) => [name, undefined] as const);
  const facts = {
    left: await factsOf(workspace, left, [
      ...pairs.map(([l, r]) => [l, columnOf(right, r)] as const),
      ...alone(filtered.left),
    ]),
    right: await factsOf(workspace, right, [
      ...pairs.map(([l, r]) => [r, columnOf(left, l)] as const),
      ...alone(filtered.right),
    ]),
  };
  typedAlone(facts.left, filtered.left, typed.left);
  typedAlone(facts.right, filtered.right, typed.right);
  for (const [index, [l, r]] of pairs.entries()) {
    const what = index < compared.length ? 'is compared by its texts' : 'is taken as text by the filter';
    const [ofLeft, ofRight] = [facts.left.get(l), facts.right.get(r)];
    const [onLeft, onRight] = [columnOf(left, l), columnOf(right, r)];
    if (ofLeft !== undefined && ofRight !== undefined) {
      const [a, b] = [narrowest(ofLeft), narrowest(ofRight)];
      // A side without any value takes the other's type.
      const [forLeft, forRight] = [ofLeft.filled ? a : b, ofRight.filled ? b : a];
      if (forLeft === undefined || forRight === undefined || !comparable(forLeft.column, forRight.column)) {
        const exact = [left.written.get(l), right.written.get(r)].includes('exact');
        if (!exact && ofLeft.filled && ofRight.filled && a?.column.family !== b?.column.family)
          notes.push(
            `column ${l} ${what}: ${left.label} has ${a?.column.type ?? 'texts'}, ${right.label} ${b?.column.type ?? 'texts'}`,
          );
        if (left.written.get(l) === 'exact') typed.right.set(r, exactNumber(duckDbDialect.quote(r)));
        if (right.written.get(r) === 'exact') typed.left.set(l, exactNumber(duckDbDialect.quote(l)));
        continue;
      }
      typed.left.set(l, ofLeft.filled ? forLeft.cast : `CAST(NULL AS ${forLeft.column.type})`);
      typed.right.set(r, ofRight.filled ? forRight.cast : `CAST(NULL AS ${forRight.column.type})`);
    } else if (ofLeft !== undefined && onRight !== undefined) {
      byPartner(ofLeft, l, onRight, { own: typed.left, other: typed.right, otherName: r }, left.label, what, notes);
    } else if (ofRight !== undefined && onLeft !== undefined) {
      byPartner(ofRight, r, onLeft, { own: typed.right, other: typed.left, otherName: l }, right.label, what, notes);
    }
  }
  return {
    left: await kept(workspace, 'left', left, typed.left),
    right: await kept(workspace, 'right', right, typed.right),
    notes,
  };
}

/** The side with its JSON columns typed where the other side has no type of its own. */
function withJson(
  side: TextSide,
  other: TextSide,
  pairs: readonly (readonly [own: string, other: string])[],
): TextSide {
  const partners = new Map(pairs);
  const stays = (name: string, written: Written): boolean =>
    written !== 'json' || !other.written.has(partners.get(name) ?? '');
  return { ...side, written: new Map([...side.written].filter(([name, written]) => stays(name, written))) };
}

/** Types of the columns of one side by themselves: what a query over files sees. */
export async function typeAlone(workspace: Workspace, side: TextSide): Promise<string> {
  const facts = await factsOf(
    workspace,
    side,
    [...side.written.keys()].map((name) => [name, undefined]),
  );
  const typed = new Map<string, string>();
  typedAlone(facts, [...facts.keys()], typed);
  return viewOf(side, typed);
}

function typedAlone(facts: ReadonlyMap<string, Facts>, names: readonly string[], into: Map<string, string>): void {
  for (const name of names) {
    const of = facts.get(name);
    const type = of?.filled === true ? narrowest(of) : undefined;
    if (type !== undefined) into.set(name, type.cast);
  }
}

function byPartner(
  facts: Facts,
  name: string,
  partner: Column,
  into: { readonly own: Map<string, string>; readonly other: Map<string, string>; readonly otherName: string },
  label: string,
  what: string,
  notes: string[],
): void {
  const { quote } = duckDbDialect;
  // JSON names the member.
  if (/\bUNION\(/.test(partner.type) && facts.written !== 'json')
    throw new CutoverError(
      'TYPE_MISMATCH',
      `column ${name} is ${partner.type} on one side, and the texts of ${label} do not say of which member a value is`,
      'Leave the column out by `ignore`, or compare a query that makes a text of it on both sides.',
    );
  const [best] = [...facts.candidates].sort((a, b) => a.misfits - b.misfits);
  if (best === undefined) {
    if (partner.family !== 'text') {
      into.other.set(into.otherName, duckDbDialect.canonicalText(quote(into.otherName), partner));
      notes.push(`column ${name} ${what}: ${label} has texts, the other side ${partner.type}`);
    }
    return;
  }
  if (best.misfits === 0) {
    into.own.set(name, facts.filled ? best.cast : `CAST(NULL AS ${partner.type})`);
    return;
  }
  const text = duckDbDialect.canonicalText(best.cast, best.column);
  into.own.set(name, `CASE WHEN ${best.fits} THEN ${text} ELSE CAST(${quote(name)} AS VARCHAR) END`);
  into.other.set(into.otherName, duckDbDialect.canonicalText(quote(into.otherName), partner));
  notes.push(
    `column ${name} ${what}: ${best.misfits} ${byCount(best.misfits, 'value')} of ${label} ${byCount(best.misfits, 'is', 'are')} no ${partner.type}, such as ${JSON.stringify(best.example)}`,
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

/** Texts are made values of once, and not at every reading. */
async function kept(
  workspace: Workspace,
  name: string,
  side: TextSide,
  typed: ReadonlyMap<string, string>,
): Promise<string> {
  const view = viewOf(side, typed);
  return [...typed.keys()].some((column) => side.written.has(column))
    ? workspace.keep(`${name}_typed`, `SELECT * FROM ${view}`)
    : view;
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
