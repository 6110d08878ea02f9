/** A type within a nested type. */
export interface MemberType {
  /** The name as SQL compares it, without quotes; empty for the key and value of a map. */
  readonly name: string;
  readonly type: string;
}

/** The members of a STRUCT or UNION, or key and value of a MAP, by the type's name as DESCRIBE prints it; undefined for other types, and for members without names. */
export function membersOf(
  type: string,
): { readonly kind: 'STRUCT' | 'UNION' | 'MAP'; readonly members: readonly MemberType[] } | undefined {
  const [, word = '', inside = ''] = /^(STRUCT|UNION|MAP)\((.*)\)$/s.exec(type) ?? [];
  if (word !== 'STRUCT' && word !== 'UNION' && word !== 'MAP') return undefined;
  const parts = atCommas(inside);
  if (word === 'MAP')
    return parts.length === 2 ? { kind: word, members: parts.map((part) => ({ name: '', type: part })) } : undefined;
  const members = parts.map((part) => {
    const [, quoted, plain, rest = ''] = /^(?:"((?:[^"]|"")*)"|([^\s"(]+)) (.*)$/s.exec(part) ?? [];
    return { name: quoted?.replaceAll('""', '"') ?? plain ?? '', type: rest };
  });
  return members.every(({ name, type: one }) => name !== '' && one !== '') ? { kind: word, members } : undefined;
}

/** Cuts at commas that stand in no quotes and no parentheses. */
function atCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: found, index } of text.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/g)) {
    if (found === '(') depth += 1;
    else if (found === ')') depth -= 1;
    else if (found === ',' && depth === 0) {
      parts.push(text.slice(from, index).trim());
      from = index + 1;
    }
  }
  return [...parts, text.slice(from).trim()];
}

/** Whether values of a type hold others in no order, or ones of which the store's own equality is no identity: a month is 30 days to it. */
export function hasOwnEquality(type: string): boolean {
  const words = type.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '');
  return /\b(?:INTERVAL|MAP)\b/.test(words);
}
