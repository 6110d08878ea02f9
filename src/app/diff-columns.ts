import type { Column } from '../model/column.js';
import { byCount } from '../model/counts.js';
import { CutoverError } from '../model/errors.js';

/** The columns that two tables have in common. */
export interface CommonColumns {
  /** Names on the left and on the right, the key's first; the comparison uses those on the left. */
  readonly pairs: readonly (readonly [left: string, right: string])[];
  /** Those that are not compared: a filter may ask for them. */
  readonly beside: readonly (readonly [left: string, right: string])[];
  /** Names on the left. */
  readonly key: readonly string[];
  readonly onlyLeft: readonly string[];
  readonly onlyRight: readonly string[];
  readonly notes: readonly string[];
}

export interface ColumnChoice {
  readonly key: readonly string[];
  readonly columns?: readonly string[] | undefined;
  readonly ignore?: readonly string[] | undefined;
  /** Name on the left to name on the right. */
  readonly map?: { readonly [left: string]: string } | undefined;
}

/**
 * Pairs the columns of two tables by name, or as `map` says; names that differ only in upper and lower case are one where nothing else is meant. Errors:
 * KEY_COLUMN_MISSING, USAGE (a name that is not there).
 */
export function commonColumns(left: readonly Column[], right: readonly Column[], choice: ColumnChoice): CommonColumns {
  const names = { left: left.map(({ name }) => name), right: right.map(({ name }) => name) };
  const notes: string[] = [];
  const partners = new Map<string, string>();
  for (const [l, r] of Object.entries(choice.map ?? {}))
    partners.set(named(l, names.left, 'left', 'map'), named(r, names.right, 'right', 'map'));
  const taken = new Set(partners.values());
  if (taken.size < partners.size)
    throw usage('two columns of the left are mapped to one of the right', 'Correct the map.');
  for (const exact of [true, false]) {
    for (const name of names.left) {
      if (partners.has(name)) continue;
      const same = (other: string): boolean => (exact ? other === name : other.toLowerCase() === name.toLowerCase());
      const found = names.right.filter((other) => !taken.has(other) && same(other));
      const rivals = names.left.filter((other) => !partners.has(other) && same(other));
      const [partner] = found;
      if (partner === undefined || found.length > 1 || rivals.length > 1) continue;
      partners.set(name, partner);
      taken.add(partner);
      if (!exact) notes.push(`column ${name} of the left and ${partner} of the right are taken for one`);
    }
  }
  const key = choice.key.map((name) => keyColumn(name, names, partners));
  const chosen = choice.columns?.map((name) => named(name, names.left, 'left', 'columns'));
  const lacking = chosen?.filter((name) => !partners.has(name)) ?? [];
  if (lacking.length > 0)
    throw usage(
      `the right has no column ${lacking.join(', ')}`,
      `Name columns that both sides have: ${[...partners.keys()].join(', ')}.`,
    );
  const everywhere = [...names.left, ...names.right];
  const onLeft = new Map([...partners].map(([l, r]) => [r, l]));
  const ignored = new Set(
    (choice.ignore ?? []).map((name) => {
      const found = named(name, everywhere, 'either side', 'ignore');
      // The name on the right stands for the pair, where the left has no column of that name.
      return names.left.includes(found) ? found : (onLeft.get(found) ?? found);
    }),
  );
  const keyIgnored = key.find((name) => ignored.has(name));
  if (keyIgnored !== undefined)
    throw usage(`${keyIgnored} is a column of the key and cannot be ignored`, 'Leave it out of --ignore.');
  const compared = names.left.filter(
    (name) => !key.includes(name) && partners.has(name) && !ignored.has(name) && (chosen?.includes(name) ?? true),
  );
  if (ignored.size > 0) notes.push(`columns that are ignored: ${[...ignored].join(', ')}`);
  const left_out = names.left.filter(
    (name) => partners.has(name) && !key.includes(name) && !compared.includes(name) && !ignored.has(name),
  );
  if (left_out.length > 0) notes.push(`columns that were not asked for: ${left_out.join(', ')}`);
  const taken_in = new Set([...key, ...compared]);
  return {
    key,
    pairs: [...taken_in].map((name) => [name, partners.get(name) ?? name]),
    beside: [...partners].filter(([name]) => !taken_in.has(name)),
    onlyLeft: names.left.filter((name) => !partners.has(name) && !ignored.has(name)),
    onlyRight: names.right.filter((name) => !taken.has(name) && !ignored.has(name)),
    notes,
  };
}

/** The name as the table has it. */
function named(name: string, names: readonly string[], where: string, option: string): string {
  const found = lookUp(name, names);
  if (found !== undefined) return found;
  throw usage(
    `${where === 'either side' ? 'neither side has a' : `the ${where} has no`} column ${name}, which --${option} names`,
    `Correct the name. Columns: ${[...new Set(names)].join(', ')}.`,
  );
}

function lookUp(name: string, names: readonly string[]): string | undefined {
  if (names.includes(name)) return name;
  const alike = [...new Set(names.filter((other) => other.toLowerCase() === name.toLowerCase()))];
  return alike.length === 1 ? alike[0] : undefined;
}

function keyColumn(
  name: string,
  names: { readonly left: readonly string[]; readonly right: readonly string[] },
  partners: ReadonlyMap<string, string>,
): string {
  const found = lookUp(name, names.left);
  if (found !== undefined && partners.has(found)) return found;
  const side = found === undefined ? 'left' : 'right';
  throw new CutoverError(
    'KEY_COLUMN_MISSING',
    `the ${side} has no column ${name}, which is part of the key`,
    `Correct --key, or map it: --map left=right. Columns of the ${side}: ${names[side].join(', ')}.`,
  );
}

function usage(what: string, remedy: string): CutoverError {
  return new CutoverError('USAGE', what, remedy);
}

/** What a report says of columns that only one side has. */
export function oneSided({ onlyLeft, onlyRight }: CommonColumns): string[] {
  const told = (names: readonly string[], side: string): string[] =>
    names.length === 0 ? [] : [`only the ${side} has the ${byCount(names.length, 'column')} ${names.join(', ')}`];
  return [...told(onlyLeft, 'left'), ...told(onlyRight, 'right')];
}
