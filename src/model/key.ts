/**
 * The canonical form of a key: each column's canonical text as a netstring (`<bytes>:<text>,`), joined in key order.
 * Unambiguous for any content, and one short expression in every SQL dialect.
 * Source of the framing: D. J. Bernstein, "Netstrings" (1997).
 *
 * @param parts the canonical text of each key column, in key order
 */
export function canonicalKey(parts: readonly string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part, 'utf8')}:${part},`).join('');
}
