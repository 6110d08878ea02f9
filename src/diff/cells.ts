import type { Cell } from '../model/cell.js';
import type { Column } from '../model/column.js';
import type { ComparedColumn } from './compared-column.js';
import { elementsOf } from './lists.js';

/** Integer types whose every value a JavaScript number holds exactly. */
const NARROW = /^(u?(tiny|small)int|u?integer|int[24]?)$/i;

function cellOf(text: string | null, column: Column, narrow: boolean): Cell {
  if (text === null) return null;
  switch (column.family) {
    case 'boolean':
      return text === 'true';
    case 'integer':
      return narrow ? Number(text) : text;
    case 'double': {
      const value = Number(text);
      return Number.isFinite(value) ? value : text;
    }
    case 'list':
      return elementsOf(text);
    default:
      return text;
  }
}

/** A canonical text as it is printed: 64-bit integers, decimals and times stay text; both sides come out in the same kind. */
export function printedCell(text: string | null, column: ComparedColumn, side: 'batch' | 'stream'): Cell {
  const narrow = NARROW.test(column.batch.type) && NARROW.test(column.stream.type);
  return cellOf(text, column[side], narrow);
}
