import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CutoverError } from '../model/errors.js';
import { configJsonSchema } from './json-schema.js';
import { loadProject } from './load.js';

const docs = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const examples = [...docs.matchAll(/^```yaml\n([^]*?)^```/gm)].map((match) => match[1] ?? '');

/** Every key of the schema, with whether it is described. */
function keysOf(schema: unknown, found: Map<string, boolean> = new Map()): Map<string, boolean> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [name, value] of Object.entries<unknown>({ ...schema })) {
    if (name === 'properties' && typeof value === 'object' && value !== null) {
      for (const [key, property] of Object.entries<unknown>({ ...value })) {
        const described = typeof property === 'object' && property !== null && 'description' in property;
        found.set(key, (found.get(key) ?? true) && described);
      }
    }
    keysOf(value, found);
  }
  return found;
}

describe('the JSON Schema', () => {
  const keys = keysOf(configJsonSchema());
  const accepts = (config: unknown): boolean => z.fromJSONSchema(configJsonSchema()).safeParse(config).success;

  it('describes every key', () => {
    expect(keys.size).toBeGreaterThan(50);
    expect([...keys].filter(([, described]) => !described)).toEqual([]);
  });

  it('accepts the examples and variables, and refuses what is wrong', () => {
    for (const example of examples) expect(accepts(parse(example))).toBe(true);
    const config = (more: object): unknown => ({
      version: 1,
      log: { path: 'a.csv' },
      pipelines: { p: { key: 'id', batch: { sql: 'select 1' }, stream: { sql: 'select 1' }, ...more } },
    });
    expect(accepts(config({ gate: { min_keys: '${N}', max_age: '${AGE}' }, canary: { auto: '${AUTO}' } }))).toBe(true);
    expect(accepts(config({ gate: { min_keys: 'many' } }))).toBe(false);
    expect(accepts(config({ gate: { max_age: 5 } }))).toBe(false);
    expect(accepts(config({ gates: {} }))).toBe(false);
    expect(accepts({ version: 1, log: { path: 'a.csv' } })).toBe(false);
  });

  it('has no key that docs/configuration.md does not name', () => {
    const named = new Set([...docs.matchAll(/`([\w.]+)`/g)].flatMap((match) => (match[1] ?? '').split('.')));
    expect([...keys.keys()].filter((key) => !named.has(key) && key !== 'columns' && key !== 'pipelines')).toEqual([]);
  });
});

it('the examples of docs/configuration.md are valid', async () => {
  expect(examples).toHaveLength(2);
  const root = await mkdtemp(path.join(tmpdir(), 'cutover-config-'));
  try {
    for (const example of examples) {
      await writeFile(path.join(root, 'cutover.yaml'), example);
      const error: unknown = await loadProject(path.join(root, 'cutover.yaml'), {}).catch((reason: unknown) => reason);
      // Their SQL files do not stand here; nothing else may be wrong.
      if (error instanceof Error) expect(error instanceof CutoverError && error.code).toBe('CONFIG_FILE_MISSING');
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
