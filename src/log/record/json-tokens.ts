/** A member of an object or an element of an array: its source text, exactly as it stands. */
export interface JsonToken {
  /** The decoded name; empty for array elements. */
  readonly name: string;
  readonly text: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The members of a JSON object or the elements of a JSON array with their exact source texts, which JSON.parse alone would
 * not tell: it turns 12345678901234567.89 into the nearest double. Members that stand twice are both given.
 *
 * @param json a text that JSON.parse accepts as an object or an array
 */
export function jsonTokens(json: string): JsonToken[] {
  const tokens: JsonToken[] = [];
  let at = skipSpace(json, 0);
  const named = json[at] === '{';
  at = skipSpace(json, at + 1);
  while (at < json.length && json[at] !== '}' && json[at] !== ']') {
    let name = '';
    if (named) {
      const end = endOfValue(json, at);
      name = decodeString(json.slice(at, end));
      at = skipSpace(json, skipSpace(json, end) + 1);
    }
    const end = endOfValue(json, at);
    tokens.push({ name, text: json.slice(at, end) });
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return tokens;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = ['true', 'false', 'null'];

/**
 * What `jsonTokens` gives, for an object that holds neither objects, arrays nor escapes; null for any other text, whether it is JSON or not. One pass, which
 * proves by itself that the text is JSON.
 */
export function flatMembers(json: string): JsonToken[] | null {
  const tokens: JsonToken[] = [];
  let at = skipSpace(json, 0);
  if (json[at] !== '{') return null;
  for (;;) {
    at = skipSpace(json, at + 1);
    const nameEnd = endOfPlainString(json, at);
    const colon = skipSpace(json, nameEnd);
    if (nameEnd < 0 || json[colon] !== ':') return null;
    const start = skipSpace(json, colon + 1);
    const end = endOfPlainValue(json, start);
    if (end < 0) return null;
    tokens.push({ name: json.slice(at + 1, nameEnd - 1), text: json.slice(start, end) });
    at = skipSpace(json, end);
    if (json[at] === '}') return skipSpace(json, at + 1) === json.length ? tokens : null;
    if (json[at] !== ',') return null;
  }
}

/** Behind a string without escapes; -1 where none stands. */
function endOfPlainString(json: string, start: number): number {
  if (json.charCodeAt(start) !== QUOTE) return -1;
  for (let at = start + 1; ; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (!(code >= 0x20) || code === BACKSLASH) return -1;
  }
}

function endOfPlainValue(json: string, start: number): number {
  if (json.charCodeAt(start) === QUOTE) return endOfPlainString(json, start);
  NUMBER.lastIndex = start;
  if (NUMBER.test(json)) return NUMBER.lastIndex;
  const word = WORDS.find((one) => json.startsWith(one, start));
  return word === undefined ? -1 : start + word.length;
}

function skipSpace(json: string, at: number): number {
  while (isSpace(json.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function endOfValue(json: string, start: number): number {
  const first = json.charCodeAt(start);
  if (first === QUOTE) return endOfString(json, start);
  if (first !== 0x7b && first !== 0x5b) {
    let at = start;
    while (at < json.length && !endsScalar(json.charCodeAt(at))) at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
  }
  return json.length;
}

function endsScalar(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x5d || isSpace(code);
}

function endOfString(json: string, start: number): number {
  for (let from = start + 1; ;) {
    const at = json.indexOf('"', from);
    if (at === -1) return json.length;
    let slashes = at;
    while (json.charCodeAt(slashes - 1) === BACKSLASH) slashes--;
    if ((at - slashes) % 2 === 0) return at + 1;
    from = at + 1;
  }
}

/** The text that a JSON string (with its quotes) stands for. */
export function decodeString(json: string): string {
  return json.includes('\\') ? String(JSON.parse(json)) : json.slice(1, -1);
}
