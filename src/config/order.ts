export interface Dependent {
  readonly name: string;
  readonly after: readonly string[];
}

export type Ordered<T> =
  | { readonly kind: 'ordered'; readonly items: readonly T[] }
  /** The names of one circle, the first one repeated at the end. */
  | { readonly kind: 'circle'; readonly circle: readonly string[] };

/** Puts every item after those it names in `after`; otherwise the given order stays. Names that do not exist are passed over. */
export function dependencyOrder<T extends Dependent>(items: readonly T[]): Ordered<T> {
  const byName = new Map(items.map((item) => [item.name, item]));
  const waiting = new Map(items.map((item) => [item.name, item]));
  const ordered: T[] = [];
  while (waiting.size > 0) {
    const next = [...waiting.values()].find((item) => !item.after.some((name) => waiting.has(name)));
    if (next === undefined) return { kind: 'circle', circle: circleIn(waiting, byName) };
    waiting.delete(next.name);
    ordered.push(next);
  }
  return { kind: 'ordered', items: ordered };
}

/** Every waiting item waits for another one: following them must come back to one already seen. */
function circleIn<T extends Dependent>(waiting: ReadonlyMap<string, T>, byName: ReadonlyMap<string, T>): string[] {
  const seen: string[] = [];
  let name = [...waiting.keys()][0] ?? '';
  while (!seen.includes(name)) {
    seen.push(name);
    name = byName.get(name)?.after.find((other) => waiting.has(other)) ?? name;
  }
  return [...seen.slice(seen.indexOf(name)), name];
}
