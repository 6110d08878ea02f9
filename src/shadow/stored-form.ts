import type { Cell } from '../model/cell.js';
import type { Column } from '../model/column.js';
import { formatDecimal, parseDecimal, type Decimal } from '../diff/decimal.js';

/** Integer types that the stores read back as numbers; wider ones come as text. */
const NARROW = /^(?:u?(?:tinyint|smallint|integer)|int[24])$/i;

/**
 * A reducer's value in the form in which the store would read it back, so that a row looks the same to the reducer whether a micro-batch ended between
 * two events or not. Throws an `Error` for a number, date or time that the column could hold only rounded or cut off.
 */
export function storedForm(column: Column, value: Cell): Cell {
  if (value === null || typeof value === 'object') return value;
  switch (column.family) {
    case 'integer': {
      const number = exact(column, value, 0);
      const text = formatDecimal(number);
      return NARROW.test(column.type) ? Number(text) : text;
    }
    case 'decimal': {
      const scale = /\(\s*\d+\s*,\s*(\d+)\s*\)/.exec(column.type)?.[1];
      // A numeric without scale holds every number.
      if (scale === undefined) return typeof value === 'number' ? formatDecimal(exact(column, value)) : value;
      const [whole = '', fraction = ''] = formatDecimal(exact(column, value, Number(scale))).split('.');
      return Number(scale) === 0 ? whole : `${whole}.${fraction.padEnd(Number(scale), '0')}`;
    }
    case 'double': {
      const number = typeof value === 'boolean' ? NaN : Number(value);
      if (typeof value === 'string' && /^(?:nan|[+-]?inf(?:inity)?)$/i.test(value)) return value;
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      if (Number.isNaN(number)) throw lossy(column, value);
      return /^(?:float|real|float4)$/i.test(column.type) ? Math.fround(number) : number;
    }
    case 'text':
      return String(value);
    case 'date':
      return typeof value === 'string' ? dateOnly(column, value) : value;
    case 'timestamp':
    case 'timestamptz':
      if (typeof value === 'string' && /\.\d{6}\d*[1-9]/.test(value) && !/_ns$/i.test(column.type))
        throw lossy(column, value);
      return value;
    default:
      return value;
  }
}

/** A date may carry a midnight, nothing else. */
function dateOnly(column: Column, value: string): string {
  const [date = value, time] = value.trim().split(/[T ](?=\d)/, 2);
  if (time !== undefined && !/^0{1,2}:00(?::00(?:\.0*)?)?Z?$/.test(time)) throw lossy(column, value);
  return date;
}

/** @param scale digits after the point that the column holds */
function exact(column: Column, value: string | number | boolean, scale = Infinity): Decimal {
  const number = typeof value === 'boolean' ? undefined : parseDecimal(String(value).trim());
  if (number === undefined) throw lossy(column, value);
  const fraction = formatDecimal(number).split('.')[1] ?? '';
  if (
    fraction.length > scale ||
    (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
  ) {
    throw lossy(column, value);
  }
  return number;
}

function lossy(column: Column, value: Cell): Error {
  return new Error(
    `the value ${JSON.stringify(value)} of ${column.name} does not fit its type ${column.type} without loss: round or cast it in the reducer`,
  );
}
