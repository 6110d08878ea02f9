import type { OpenSide } from './diff-sides.js';
import { CutoverError } from '../model/errors.js';

/** How many rows are looked at for columns that may be a key. */
const LOOKED_AT = 10_000;
const KEY_FAMILIES = new Set(['text', 'integer', 'decimal', 'uuid', 'date', 'timestamp', 'timestamptz', 'bytes']);

/** The primary key, where both sides have the same one. Errors: KEY_NEEDED, which names the columns that could be one. */
export async function ownKey(left: OpenSide, right: OpenSide): Promise<readonly string[]> {
  const [l, r] = [left.primaryKey, right.primaryKey];
  if (l !== null && r !== null && sameColumns(l, r)) return l;
  const what = [left, right].map(
    (side) =>
      `the ${side.name} ${side.primaryKey === null ? 'has no primary key' : `has the primary key ${side.primaryKey.join(',')}`}`,
  );
  const found = await candidates(left, right);
  throw new CutoverError(
    'KEY_NEEDED',
    `the two sides name no key in common: ${what.join(', ')}`,
    found.length === 0
      ? `Name the columns that identify a row with --key a,b. Columns: ${left.columns.map(({ name }) => name).join(', ')}.`
      : `Name the columns that identify a row, such as --key ${found[0] ?? ''}.${found.length > 1 ? ` Others that may: ${found.slice(1, 6).join('; ')}.` : ''} (None of these has a value twice in the first ${LOOKED_AT} rows.)`,
  );
}

export function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  const folded = (names: readonly string[]): string =>
    names
      .map((name) => name.toLowerCase())
      .sort()
      .join('\n');
  return folded(a) === folded(b);
}

/** Keys that one side declares and the other may have; then columns of which no value was seen twice, in the order of the table. */
async function candidates(left: OpenSide, right: OpenSide): Promise<string[]> {
  const has = (side: OpenSide, name: string): boolean =>
    side.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
  const declared = [...left.unique, ...right.unique].filter((names) =>
    names.every((name) => has(left, name) && has(right, name)),
  );
  const singles = left.columns.map(({ name }) => name).filter((name) => has(right, name));
  const [onLeft, onRight] = [await distinct(left), await distinct(right)];
  const alike = singles.filter((name) => onLeft.has(name.toLowerCase()) && onRight.has(name.toLowerCase()));
  return [...new Set([...declared.map((names) => names.join(',')), ...alike])];
}

/** In lower case. */
async function distinct(side: OpenSide): Promise<Set<string>> {
  const { quote } = side.dialect;
  const columns = side.columns.filter(({ family }) => KEY_FAMILIES.has(family));
  if (columns.length === 0) return new Set();
  const counts = columns.map(({ name }, i) => `count(DISTINCT ${quote(name)}) AS c${i}`);
  const [row = {}] = await side.session.query(
    `SELECT count(*) AS n, ${counts.join(', ')} FROM (SELECT * FROM ${side.relation} AS cutover_side LIMIT ${LOOKED_AT}) AS cutover_rows`,
  );
  const rows = Number(row['n'] ?? 0);
  return new Set(
    columns.filter((_, i) => rows > 0 && Number(row[`c${i}`]) === rows).map(({ name }) => name.toLowerCase()),
  );
}
