import type { JsonPath, JsonStep } from '../model/json-path.js';

/** Deeper values are compared by their texts. */
const DEEPEST = 500;

const NUMBER = /(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;
const SPACE = /[ \t\n\r]*/y;

/** A path that leads to what is being read, and how many of its steps are taken. */
interface Trail {
  readonly path: JsonPath;
  readonly at: number;
}

class Malformed extends Error {}

/** Reads a JSON text and writes it in one form; see `canonicalJson`. */
class Writer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(paths: readonly JsonPath[]): string {
    const value = this.#value(
      paths.map((path) => ({ path, at: 0 })),
      0,
    );
    this.#skip();
    if (this.#at < this.#text.length) throw new Malformed();
    return value;
  }

  #value(trails: readonly Trail[], depth: number): string {
    if (depth > DEEPEST) throw new Malformed();
    this.#skip();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(trails, depth);
      case '[':
        return this.#array(trails, depth);
      case '"':
        return JSON.stringify(this.#string());
      case 't':
        return this.#word('true');
      case 'f':
        return this.#word('false');
      case 'n':
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  /** Members in the order of their names; those of one name keep their own order, and none of them is dropped. */
  #object(trails: readonly Trail[], depth: number): string {
    const members: { name: string; value: string }[] = [];
    this.#list('}', () => {
      this.#skip();
      const name = this.#string();
      this.#skip();
      this.#expect(':');
      const { inner, ends } = follow(
        trails,
        (step) => step.kind === 'members' || (step.kind === 'member' && step.name === name),
      );
      const value = this.#value(inner, depth + 1);
      if (!ends) members.push({ name, value });
    });
    members.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return `{${members.map(({ name, value }) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
  }

  #array(trails: readonly Trail[], depth: number): string {
    const elements: string[] = [];
    let index = 0;
    this.#list(']', () => {
      const place = index;
      index += 1;
      const { inner, ends } = follow(
        trails,
        (step) => step.kind === 'elements' || (step.kind === 'element' && step.index === place),
      );
      const value = this.#value(inner, depth + 1);
      if (!ends) elements.push(value);
    });
    return `[${elements.join(',')}]`;
  }

  #list(end: string, item: () => void): void {
    this.#at += 1;
    this.#skip();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#skip();
      if (this.#text[this.#at] === end) break;
      this.#expect(',');
    }
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw new Malformed();
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    this.#at = end + 1;
    // Escapes are decoded, and bad ones found, by the platform: a text holds no number that it could round.
    const decoded: unknown = JSON.parse(this.#text.slice(start, end + 1));
    if (typeof decoded !== 'string') throw new Malformed();
    return decoded;
  }

  /** Sign, digits without zeros at either end, and the power of ten of the last digit: never a double, and never written out. */
  #number(): string {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw new Malformed();
    this.#at = NUMBER.lastIndex;
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
    const digits = (whole + fraction).replace(/^0+/, '');
    if (digits === '') return '0';
    let last = digits.length;
    while (digits[last - 1] === '0') last -= 1;
    const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - last);
    return `${sign}${digits.slice(0, last)}e${power}`;
  }

  #word(word: string): string {
    if (!this.#text.startsWith(word, this.#at)) throw new Malformed();
    this.#at += word.length;
    return word;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new Malformed();
    this.#at += 1;
  }

  #skip(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }
}

/** The trails that lead on through a step, and whether one of them ends there. */
function follow(trails: readonly Trail[], takes: (step: JsonStep) => boolean): { inner: Trail[]; ends: boolean } {
  const inner: Trail[] = [];
  let ends = false;
  for (const { path, at } of trails) {
    const step = path[at];
    if (step === undefined || !takes(step)) continue;
    if (at + 1 === path.length) ends = true;
    else inner.push({ path, at: at + 1 });
  }
  return { inner, ends };
}

/**
 * One text for every JSON text of the same value: no white space, escapes decoded, numbers by their exact decimal value (1.0, 1 and 1e0; no number is read as a
 * double), members in the order of their names. Members of one name are all kept, in their order: what such an object means is not for us to say.
 *
 * @param ignored what stands at these paths is left out, and so is whether anything stands there
 * @returns undefined: not JSON, or deeper than 500 levels
 */
export function canonicalJson(text: string, ignored: readonly JsonPath[] = []): string | undefined {
  try {
    return new Writer(text).whole(ignored);
  } catch (error) {
    if (error instanceof Malformed || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
