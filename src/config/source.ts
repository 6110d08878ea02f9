import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { messageOf } from '../model/errors.js';
import type { KeyPath, Position, Problem } from './problems.js';
import { mask, substitute, unmask } from './variables.js';

/** Which part of an entry a problem is about. */
export type Part = 'key' | 'value';

/** A configuration text, parsed, with the variables' values put in, and a way back from each key to its place. */
export interface ConfigSource {
  /** Plain values; undefined when the text is not YAML at all. */
  readonly value: unknown;
  /** Syntax errors and bad variables. */
  readonly problems: readonly Problem[];
  /** Where the key or its value stands; for a key that does not exist, its nearest parent. */
  position(path: KeyPath, part?: Part): Position;
  /** The text of a scalar as written (numbers without rounding), with variables put in; undefined for lists and maps. */
  textAt(path: KeyPath): string | undefined;
  /** The text as written (`${NAME}`) of a value that came, in whole or part, from a variable; otherwise undefined. */
  placeholderAt(path: KeyPath): string | undefined;
  /** The names in a map, in the order of the file (plain objects put number-like names first). */
  namesAt(path: KeyPath): readonly string[];
}

interface Found {
  /** How many of the path's keys were found. */
  readonly depth: number;
  readonly node: unknown;
  readonly key: unknown;
}

const START: Position = { line: 1, column: 1 };

function nameOf(key: unknown): string {
  if (!isScalar(key)) return '';
  // The merge key `<<` is held as a symbol.
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value);
}

/** The entry of a map; entries merged in with `<<` come last, as in the plain value. */
function entryOf(
  document: Document,
  map: YAMLMap,
  name: string | number,
): { key: unknown; value: unknown } | undefined {
  const own = map.items.find((pair) => nameOf(pair.key) === String(name));
  if (own !== undefined) return own;
  for (const pair of map.items) {
    if (nameOf(pair.key) !== '<<') continue;
    for (const source of isSeq(pair.value) ? pair.value.items : [pair.value]) {
      const merged = isAlias(source) ? source.resolve(document) : source;
      const entry = isMap(merged) && merged !== map ? entryOf(document, merged, name) : undefined;
      if (entry !== undefined) return entry;
    }
  }
  return undefined;
}

function find(document: Document, path: KeyPath): Found {
  let node: unknown = document.contents;
  let key: unknown;
  for (const [depth, name] of path.entries()) {
    const target = isAlias(node) ? node.resolve(document) : node;
    const next = isMap(target)
      ? entryOf(document, target, name)
      : isSeq(target) && typeof name === 'number' && name < target.items.length
        ? { key: undefined, value: target.items[name] }
        : undefined;
    if (next === undefined) return { depth, node, key };
    node = next.value ?? next.key;
    key = next.key;
  }
  return { depth: path.length, node, key };
}

/** The path of a node from the chain of its ancestors, as `visit` gives it. */
function pathOf(ancestors: readonly unknown[], node: unknown): KeyPath {
  const path: (string | number)[] = [];
  for (const [index, ancestor] of ancestors.entries()) {
    const child = ancestors[index + 1] ?? node;
    if (isSeq(ancestor)) path.push(ancestor.items.indexOf(child));
    else if (isMap(ancestor)) path.push(nameOf(ancestor.items.find((pair) => pair === child)?.key));
  }
  return path;
}

/** One syntax error makes the parser stumble over all that follows; these kinds do not come from others. */
function standsAlone(error: { readonly code: string }): boolean {
  return error.code === 'DUPLICATE_KEY' || error.code === 'TAG_RESOLVE_FAILED';
}

/** Reads a configuration text. Never throws: what is wrong with the text stands in `problems`. */
export function readSource(text: string, env: NodeJS.ProcessEnv): ConfigSource {
  const lines = new LineCounter();
  const document: Document<ParsedNode, boolean> = parseDocument(mask(text), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    stringKeys: false,
    logLevel: 'error',
  });
  const problems: Problem[] = [];
  const placeholders = new Map<unknown, string>();
  const at = (offset: number | undefined): Position => {
    if (offset === undefined) return START;
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const positionOf = (node: unknown): Position => {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return at(range?.[0]);
  };
  const invalid = (message: string, position: Position, path: KeyPath = []): void => {
    problems.push({ code: 'CONFIG_INVALID', path, message: unmask(message), position });
  };

  const [first, ...later] = [...document.errors, ...document.warnings];
  for (const error of first === undefined ? [] : [first, ...later.filter(standsAlone)]) {
    const quotes = error.code === 'UNEXPECTED_TOKEN' ? '; text that holds any of { } [ ] , must stand in quotes' : '';
    invalid(error.message.replace(/\s+/g, ' ') + quotes, at(error.pos[0]));
  }
  const putIn = (scalar: Scalar, path: KeyPath): void => {
    if (typeof scalar.value !== 'string') return;
    const written = unmask(scalar.value);
    const result = substitute(written, env);
    scalar.value = result.text;
    if (result.substituted) placeholders.set(scalar, written);
    for (const message of result.malformed) invalid(message, positionOf(scalar), path);
    for (const name of new Set(result.unset)) {
      const message = `the environment variable ${name} is not set and has no default`;
      problems.push({ code: 'CONFIG_VARIABLE_UNSET', path, message, position: positionOf(scalar) });
    }
  };
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key)) {
        if (typeof pair.key.value === 'string') pair.key.value = unmask(pair.key.value);
      } else invalid('a key must be a plain name', positionOf(pair.key));
    },
    Alias(_, alias, ancestors) {
      if (alias.resolve(document) === undefined)
        invalid(`there is no anchor &${alias.source} above`, positionOf(alias), pathOf(ancestors, alias));
    },
    Scalar(key, scalar, ancestors) {
      if (key !== 'key') putIn(scalar, pathOf(ancestors, scalar));
    },
  });

  let value: unknown;
  if (problems.every((problem) => problem.code === 'CONFIG_VARIABLE_UNSET')) {
    try {
      value = document.toJS();
    } catch (error) {
      // Aliases that do not resolve or would grow without bound.
      invalid(messageOf(error).replace(/\s+/g, ' '), START);
    }
  }
  const scalarAt = (path: KeyPath): Scalar | undefined => {
    const found = find(document, path);
    const node = isAlias(found.node) ? found.node.resolve(document) : found.node;
    return found.depth === path.length && isScalar(node) ? node : undefined;
  };
  return {
    value,
    problems,
    position(path, part = 'value') {
      const found = find(document, path);
      // A missing key is shown at the name of the map that lacks it; an entry of what is a single value, at that value.
      const atKey = part === 'key' || typeof path[found.depth] === 'string';
      return positionOf(atKey && found.key !== undefined ? found.key : found.node);
    },
    textAt(path) {
      const scalar = scalarAt(path);
      if (scalar === undefined) return undefined;
      return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
    },
    placeholderAt: (path) => placeholders.get(scalarAt(path)),
    namesAt(path) {
      const { depth, node } = find(document, path);
      const map = isAlias(node) ? node.resolve(document) : node;
      if (depth !== path.length || !isMap(map)) return [];
      return map.items.map((pair) => nameOf(pair.key));
    },
  };
}
