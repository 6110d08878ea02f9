import { isNumeric, isTimestamp, type Column } from '../model/column.js';

/** Whether equal values of the two columns have the same canonical text. */
export function sameText(a: Column, b: Column): boolean {
  if (a.type === b.type) return true;
  if (isTimestamp(a.family) && isTimestamp(b.family)) return !/_NS$/i.test(a.type) && !/_NS$/i.test(b.type);
  // The text of a double has a point or an exponent (1.0, 1e20), that of a whole number or a decimal has not.
  if (isNumeric(a.family) && isNumeric(b.family)) return a.family !== 'double' && b.family !== 'double';
  return a.family === b.family && (a.family === 'text' || a.family === 'uuid');
}
