import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { packageRoot } from './package-root.js';
import { CutoverError } from '../model/errors.js';
import type { InitResult } from '../model/results.js';

type StoreKind = 'duckdb' | 'postgres';

const POSTGRES = 'store: { kind: postgres, url: "${DATABASE_URL}" }';

interface Template {
  /** Folder of the sample data and which of its files belong to it; null: it makes its own. */
  readonly data: { readonly folder: string; readonly pattern: RegExp } | null;
  /** Commands before the first run. */
  readonly before?: readonly string[];
  /** The pipeline that the first commands name. */
  readonly pipeline: string;
}

/** What a template brings besides its own folder. */
const TEMPLATES: Readonly<Record<string, Template>> = {
  external: { data: null, before: ['node writer.mjs'], pipeline: 'hourly_orders' },
  flights: { data: { folder: 'fixtures/flights', pattern: /\.parquet$/ }, pipeline: 'daily_delays' },
  lambda: { data: { folder: 'fixtures/flights', pattern: /\.parquet$/ }, pipeline: 'hourly_departures' },
  medallion: { data: { folder: 'fixtures/medallion', pattern: /\.ndjson$/ }, pipeline: 'daily_metrics' },
};

/**
 * Writes a working project: configuration, SQL and sample data. Files that are there already are not touched unless `force`.
 * Errors: USAGE for an unknown template, OUTPUT_EXISTS.
 */
export async function init(options: {
  template: string;
  directory: string;
  force: boolean;
  store?: StoreKind;
}): Promise<InitResult> {
  const template = TEMPLATES[options.template];
  if (template === undefined) {
    throw new CutoverError(
      'USAGE',
      `there is no template ${options.template}`,
      `Name one of: ${Object.keys(TEMPLATES).join(', ')}.`,
    );
  }
  const root = packageRoot();
  const from = join(root, 'templates', options.template);
  const target = resolve(options.directory);
  const store = options.store ?? 'duckdb';
  const sources = (await filesOf(from, store)).map(({ file, name }) => ({ file, to: join(target, name) }));
  const all = [...sources, ...(await dataOf(root, template, target))].sort((a, b) => (a.to < b.to ? -1 : 1));
  if (!options.force) await refuseExisting(all.map(({ to }) => to));
  for (const { file, to } of all) {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(file, to);
  }
  if (store === 'postgres') await useStore(join(target, 'cutover.yaml'), POSTGRES);
  const enter = shorter(relative(process.cwd(), target), target);
  return {
    schema: 'cutover.init/v1',
    template: options.template,
    directory: target,
    files: all.map(({ to }) => relative(target, to)),
    next: [
      ...(enter === '' ? [] : [`cd ${enter}`]),
      ...(store === 'postgres' ? ['export DATABASE_URL=postgres://user:password@host/database'] : []),
      ...(template.before ?? []),
      'cutover run --once',
      `cutover report ${template.pipeline}`,
      `cutover gate ${template.pipeline}`,
    ],
  };
}

async function dataOf(root: string, { data }: Template, target: string): Promise<{ file: string; to: string }[]> {
  if (data === null) return [];
  const folder = join(root, data.folder);
  return (await readdir(folder))
    .filter((name) => data.pattern.test(name))
    .map((name) => ({ file: join(folder, name), to: join(target, 'data', name) }));
}

/** The files of a template with their names in the project. What stands in the folder of a store takes the place of the file of that name. */
async function filesOf(folder: string, store: StoreKind): Promise<{ file: string; name: string }[]> {
  const found = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, name: relative(folder, file) }));
  const own = `postgres${sep}`;
  const files = new Map(found.filter(({ name }) => !name.startsWith(own)).map(({ file, name }) => [name, file]));
  if (store === 'postgres')
    for (const { file, name } of found) if (name.startsWith(own)) files.set(name.slice(own.length), file);
  return [...files].map(([name, file]) => ({ file, name }));
}

/** Puts another store in the place of the template's. */
async function useStore(file: string, line: string): Promise<void> {
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace(/^store: .*$/m, () => line),
  );
}

/** A path that leads far up reads better in full. */
function shorter(relativePath: string, absolute: string): string {
  return relativePath.startsWith('..') ? absolute : relativePath;
}

async function refuseExisting(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const exists = await stat(file).then(
      () => true,
      () => false,
    );
    if (exists) {
      throw new CutoverError(
        'OUTPUT_EXISTS',
        `${file} exists already`,
        'Choose another directory, or overwrite with --force.',
        { place: { file } },
      );
    }
  }
}
