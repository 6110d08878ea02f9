import type { ColumnFamily } from '../../model/column.js';

/** The family of a DuckDB type by its name as DESCRIBE prints it. */
export function familyOf(type: string): ColumnFamily {
  if (type.endsWith(']')) return 'list';
  const name = type.replace(/\(.*$/s, '').trim().toUpperCase();
  switch (name) {
    case 'VARCHAR':
    case 'ENUM':
      return 'text';
    case 'BOOLEAN':
      return 'boolean';
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'HUGEINT':
    case 'UTINYINT':
    case 'USMALLINT':
    case 'UINTEGER':
    case 'UBIGINT':
    case 'UHUGEINT':
      return 'integer';
    case 'DECIMAL':
      return 'decimal';
    case 'FLOAT':
    case 'DOUBLE':
      return 'double';
    case 'DATE':
      return 'date';
    case 'TIMESTAMP':
    case 'TIMESTAMP_S':
    case 'TIMESTAMP_MS':
    case 'TIMESTAMP_NS':
      return 'timestamp';
    case 'TIMESTAMP WITH TIME ZONE':
      return 'timestamptz';
    case 'TIME':
    case 'TIME WITH TIME ZONE':
      return 'time';
    case 'INTERVAL':
      return 'interval';
    case 'UUID':
      return 'uuid';
    case 'JSON':
      return 'json';
    case 'BLOB':
      return 'bytes';
    case 'STRUCT':
    case 'MAP':
    case 'UNION':
      return 'struct';
    default:
      return 'other';
  }
}

/** The type of the elements of a list or array: `INTEGER` of `INTEGER[]` and of `INTEGER[3]`. */
export function elementType(type: string): string {
  return type.replace(/\[\d*\]$/, '');
}

/** Precision and scale of DECIMAL(p,s). */
export function decimalShape(type: string): { precision: number; scale: number } {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/i.exec(type);
  return { precision: Number(match?.[1] ?? 18), scale: Number(match?.[2] ?? 3) };
}

/** Integer types whose values do not all fit BIGINT. */
export function isWideInteger(type: string): boolean {
  return /^(U?HUGEINT|UBIGINT)$/i.test(type);
}

const DECLARED: Readonly<Record<string, string>> = {
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  json: 'JSON',
  bytes: 'BLOB',
};

/** The DuckDB type of a declared column type. */
export function columnType(declared: string): string {
  if (declared.endsWith('[]')) return `${columnType(declared.slice(0, -2))}[]`;
  return DECLARED[declared] ?? declared.toUpperCase();
}
