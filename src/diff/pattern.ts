/** Names of rules: a column's own name, or a pattern in which `*` stands for any characters, also none. */

/** Whether `pattern` takes every name that `name` stands for; `name` may be a pattern too. */
export function covers(pattern: string, name: string): boolean {
  // A star of `name` may be any text, so that nothing but a star of `pattern` takes it.
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return pattern === name;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * The name under which a column's rule stands: its own, or else the pattern that is covered by all others that take it.
 *
 * @returns undefined: there is none; a list: these are equally near, and none may be taken
 */
export function nearest(names: readonly string[], column: string): string | undefined | readonly string[] {
  if (names.includes(column)) return column;
  const taking = names.filter((name) => name.includes('*') && covers(name, column));
  const narrowest = taking.filter((one) => taking.every((other) => covers(other, one)));
  if (narrowest.length === 1 || taking.length === 0) return narrowest[0];
  return taking.filter((one) => !taking.some((other) => other !== one && covers(one, other) && !covers(other, one)));
}
