import type { Column } from '../model/column.js';
import type { Discrepancy } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/** The temporary table of the keys that are looked at again. */
const KEYS = 'cutover_settle_keys';

/** Families whose printed keys name their value to the store again. */
const NAMED_BY_TEXT = new Set(['text', 'boolean', 'integer', 'decimal', 'date', 'timestamp', 'timestamptz', 'uuid']);

/** The key columns of both sides, in key order. */
export interface KeyColumns {
  readonly batch: readonly Column[];
  readonly stream: readonly Column[];
}

/** In which type a key column's texts are turned into values again; null where that cannot be done for both sides. */
function castType(batch: Column, stream: Column): string | null {
  if (batch.family !== stream.family || !NAMED_BY_TEXT.has(batch.family)) return null;
  if (batch.type === stream.type) return batch.type;
  // What one side's type holds need not fit the other's.
  if (batch.family === 'integer') return 'DECIMAL(38,0)';
  return batch.family === 'text' ? 'VARCHAR' : null;
}

/** A key must be found again on both sides by its values. Errors: TYPE_MISMATCH, KEY_COLUMN_MISSING. */
export function requireSettleable(key: readonly string[], { batch, stream }: KeyColumns): void {
  for (const [index, name] of key.entries()) {
    const [b, s] = [batch[index], stream[index]];
    if (b === undefined || s === undefined) {
      throw new CutoverError(
        'KEY_COLUMN_MISSING',
        `key column ${name} is missing on the ${b === undefined ? 'batch' : 'stream'} side`,
        'Correct `key`, or deliver the column on both sides.',
      );
    }
    if (castType(b, s) !== null) continue;
    throw new CutoverError(
      'TYPE_MISMATCH',
      `\`settle\` finds keys again by their values, which key column ${name} does not allow: it is ${b.type} on the batch side and ${s.type} on the stream side`,
      'Give it one type on both sides, of texts, whole numbers, decimals, dates, timestamps, booleans or uuids; or use another alignment.',
    );
  }
}

/**
 * Relations that hold the rows of these keys alone, and with `nulls` those whose key holds a NULL. The keys stand in a temporary table of the session
 * until this is called again. Call `requireSettleable` before.
 */
export async function restrictToKeys(
  session: SqlSession,
  dialect: SqlDialect,
  relations: { readonly batch: string; readonly stream: string },
  columns: KeyColumns,
  keys: readonly Discrepancy['key'][],
  nulls: boolean,
): Promise<{ batch: string; stream: string }> {
  const types = columns.batch.map((column, index) => castType(column, columns.stream[index] ?? column) ?? column.type);
  const names = columns.batch.map((_, index) => `k${index}`);
  const literals = keys.map(
    (key) => `(${columns.batch.map(({ name }) => dialect.literal(String(key[name] ?? ''))).join(', ')})`,
  );
  const nothing = `(${names.map(() => 'NULL').join(', ')})`;
  const cast = names.map((name, index) => `CAST(${name} AS ${types[index] ?? 'VARCHAR'}) AS ${name}`).join(', ');
  const rows = `(VALUES ${literals.length === 0 ? nothing : literals.join(', ')}) AS given (${names.join(', ')})`;
  await session.materialize(KEYS, `SELECT ${cast} FROM ${rows}`);
  const restricted = (relation: string): string => {
    const of = (name: string): string => `settled.${dialect.quote(name)}`;
    const same = columns.batch.map(({ name }, index) => `wanted.k${index} = ${of(name)}`).join(' AND ');
    const without = nulls ? ` OR ${columns.batch.map(({ name }) => `${of(name)} IS NULL`).join(' OR ')}` : '';
    return `(SELECT settled.* FROM ${relation} settled WHERE EXISTS (SELECT 1 FROM ${KEYS} wanted WHERE ${same})${without})`;
  };
  return { batch: restricted(relations.batch), stream: restricted(relations.stream) };
}
