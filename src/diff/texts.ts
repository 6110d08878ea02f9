import type { ColumnRule } from '../model/project.js';

/** Unicode's property White_Space: also the no-break space and the line separator, but neither the zero-width space nor the byte order mark. */
const SPACE = /\p{White_Space}/u;
const RUNS = /\p{White_Space}+/gu;

function withoutSpace(text: string, whitespace: ColumnRule['whitespace']): string {
  if (whitespace === undefined) return text;
  let start = 0;
  let end = text.length;
  // No white space needs two UTF-16 units. Not by a pattern with `+$`, which takes quadratic time over long runs.
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (end > start && SPACE.test(text.charAt(end - 1))) end -= 1;
  const trimmed = text.slice(start, end);
  return whitespace === 'trim' ? trimmed : trimmed.replace(RUNS, ' ');
}

/** Pairs of different code points that fold to one; there are few thousand in all. */
const folded = new Map<string, boolean>();

/** Under Unicode's simple case folding (CaseFolding.txt, status C and S), as ECMAScript has it for the flags `iu`. */
function sameLetter(a: string, b: string): boolean {
  const known = folded.get(a + b);
  if (known !== undefined) return known;
  const same = new RegExp(`^\\u{${(a.codePointAt(0) ?? 0).toString(16)}}$`, 'iu').test(b);
  if (same) folded.set(a + b, same);
  return same;
}

function sameFolded(a: string, b: string): boolean {
  const left = Array.from(a);
  const right = Array.from(b);
  return left.length === right.length && left.every((one, at) => one === right[at] || sameLetter(one, right[at] ?? ''));
}

/**
 * Whether two texts differ only in what the rule leaves out of account. Case is folded one code point to one, whatever the language: K is k, Σ and ς are σ, ẞ is ß;
 * ß is not ss, and neither ı nor İ is i. Characters that only look alike, and composed and decomposed ones, stay different.
 */
export function sameTexts(a: string, b: string, { case: letters, whitespace }: ColumnRule): boolean {
  const left = withoutSpace(a, whitespace);
  const right = withoutSpace(b, whitespace);
  return left === right || (letters === 'ignore' && sameFolded(left, right));
}
