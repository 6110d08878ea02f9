import { TOKEN } from './sql-script.js';

/** A word, a quoted identifier or a sign of a statement, with its index in the statement's text. */
export interface Token {
  readonly text: string;
  /** The name, folded as the stores fold it, of a word or quoted identifier; null for everything else. */
  readonly name: string | null;
  readonly index: number;
}

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[^\s\w]|\d[\w.]*/g;

/** Words behind which a relation is named. */
const BEFORE_RELATION = new Set([
  'FROM',
  'JOIN',
  'INTO',
  'UPDATE',
  'TABLE',
  'USING',
  'ONLY',
  'VIEW',
  'EXISTS',
  'REFERENCES',
]);

/** The words, quoted identifiers and signs of a statement, without comments. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let rest = 0;
  const words = (upTo: number): void => {
    for (const match of sql.slice(rest, upTo).matchAll(WORD)) {
      const text = match[0];
      tokens.push({
        text,
        name: /^[A-Za-z_\u0080-\uffff]/.test(text) ? text.toLowerCase() : null,
        index: rest + match.index,
      });
    }
  };
  for (const match of sql.matchAll(TOKEN)) {
    words(match.index);
    rest = match.index + match[0].length;
    const text = match[0];
    if (text.startsWith('"')) {
      tokens.push({ text, name: text.slice(1, -1).replaceAll('""', '"').toLowerCase(), index: match.index });
    } else if (!text.startsWith('--') && !text.startsWith('/*')) {
      tokens.push({ text, name: null, index: match.index });
    }
  }
  words(sql.length);
  return tokens;
}

/** Names that the statement gives to something: behind AS, behind a relation or a closed parenthesis, and before AS (`WITH name AS`). */
export function aliasesOf(tokens: readonly Token[]): ReadonlySet<string> {
  const aliases = new Set<string>();
  for (const [i, { name }] of tokens.entries()) {
    if (name === null || tokens[i + 1]?.text === '.') continue;
    const before = tokens[i - 1];
    const after = tokens[i + 1]?.text.toUpperCase();
    const named =
      before?.text.toUpperCase() === 'AS' || before?.text === ')' || (before?.name !== null && before !== undefined);
    if (named || after === 'AS') aliases.add(name);
  }
  return aliases;
}

/** Whether the name at `i` stands where a relation is named: behind FROM, JOIN, INTO, ... or behind a comma of a FROM list. */
export function namesRelation(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1]?.text.toUpperCase() ?? '';
  if (BEFORE_RELATION.has(before)) return true;
  return before === ',' && inFromList(tokens, i - 1);
}

/** Whether the comma at `i` separates relations: at its depth the last clause before it is FROM. */
function inFromList(tokens: readonly Token[], i: number): boolean {
  let depth = 0;
  for (let at = i - 1; at >= 0; at--) {
    const word = tokens[at]?.text.toUpperCase() ?? '';
    if (word === ')') depth++;
    else if (word === '(' && --depth < 0) return false;
    else if (depth === 0 && /^(?:SELECT|WHERE|GROUP|ORDER|HAVING|VALUES|SET|BY|RETURNING|PARTITION|LIMIT)$/.test(word))
      return false;
    else if (depth === 0 && (word === 'FROM' || word === 'USING')) return true;
  }
  return false;
}

/** Whether a common table expression or a table of that name is made by the statement itself. */
export function declares(tokens: readonly Token[], name: string): boolean {
  return tokens.some((token, i) => {
    if (token.name !== name) return false;
    const before = tokens[i - 1]?.text.toUpperCase() ?? '';
    const after = tokens[i + 1]?.text.toUpperCase() ?? '';
    return (before === 'WITH' || before === 'RECURSIVE' || before === ',') && (after === 'AS' || after === '(');
  });
}
