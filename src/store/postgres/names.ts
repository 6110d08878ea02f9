import type { Place } from '../contract.js';

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Backslashes mean themselves in a plain literal (`standard_conforming_strings`, which sessions set). */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The key of an advisory lock, as an expression. */
export function lockKey(name: string): string {
  return `hashtextextended(${literal(`cutover:${name}`)}, 0)`;
}

/** A table of the place `store`. */
export function stored(name: string): string {
  return `cutover.${quote(name)}`;
}

export function placed(name: string, place: Place): string {
  return place === 'store' ? stored(name) : `pg_temp.${quote(name)}`;
}
