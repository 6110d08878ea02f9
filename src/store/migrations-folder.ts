/** Where the SQL of a store's migrations lies: the same distance from here, from the compiled module and from a bundle in a folder of `dist`. */
export function migrationsFolder(store: 'duckdb' | 'postgres'): URL {
  return new URL(`../store/${store}/migrations/`, import.meta.url);
}
