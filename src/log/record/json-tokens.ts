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
