import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CutoverError } from '../../model/errors.js';
import type { SqlSession } from '../contract.js';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly file: URL;
}

export const MIGRATIONS_TABLE =
  'CREATE TABLE IF NOT EXISTS cutover.migrations (version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL)';

/** The numbered migrations of a folder, in order. */
export async function migrationsIn(folder: URL): Promise<readonly Migration[]> {
  const names = (await readdir(fileURLToPath(folder))).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  return names.map((name) => ({ version: Number(name.slice(0, 4)), name, file: new URL(name, folder) }));
}

/** Applies the migrations that are missing, each in a transaction of its own. The schema `cutover` must be there. Errors: STORE_NEWER. */
export async function applyMigrations(session: SqlSession, folder: URL): Promise<void> {
  await session.run(MIGRATIONS_TABLE);
  const [row] = await session.query('SELECT coalesce(max(version), 0) AS version FROM cutover.migrations');
  const current = Number(row?.['version'] ?? 0);
  const migrations = await migrationsIn(folder);
  const newest = migrations.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new CutoverError(
      'STORE_NEWER',
      `the store has version ${current} of the internal schema, this cutover knows ${newest}`,
      'Use the version of cutover that wrote the store, or a newer one.',
    );
  }
  for (const migration of migrations.filter(({ version }) => version > current)) {
    const sql = await readFile(migration.file, 'utf8');
    await session.transaction(async () => {
      await session.script(sql);
      await session.run('INSERT INTO cutover.migrations VALUES ($1, $2, now())', [migration.version, migration.name]);
    });
  }
}
