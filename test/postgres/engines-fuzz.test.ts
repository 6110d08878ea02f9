import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/app/compare-tables.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { KINDS, type CanonicalKind, type CanonicalValue } from '../contracts/canonical-values.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

/*
 * Random tables with planted differences, compared through the front door for every pair of engines, against an oracle in plain TypeScript: equal canonical texts are
 * equal values. CUTOVER_FUZZ_CASES and CUTOVER_FUZZ_SEED choose how many and which; both are printed.
 */
const CASES = Number(process.env['CUTOVER_FUZZ_CASES'] ?? 120);
const SEED = Number(process.env['CUTOVER_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

const { url, problem } = inject('postgres');

const ENGINES = ['postgres', 'another server', 'duckdb', 'parquet', 'csv', 'ndjson'] as const;
type Engine = (typeof ENGINES)[number];

/** Kinds of which every value has a spelling in both engines and whose values are told apart by their texts alone. */
const SCALARS = KINDS.filter(({ what }) =>
  [
    'whole numbers',
    'decimals of several scales',
    'decimals of 128 bits',
    'decimals below 1',
    'doubles',
    'truth values',
    'texts',
    'bytes',
    'dates',
    'timestamps',
    'moments, gaps and overlaps of summer time',
    'times of day',
    'uuids',
  ].includes(what),
);
/** Kinds that stand in no key here. */
const NESTED = KINDS.filter(({ what }) =>
  [
    'lists of texts',
    'lists of numbers',
    'lists of doubles',
    'lists of times and bytes',
    'lists of moments',
    'lists of bytes',
    'lists of intervals',
    'lists in lists',
    'lists in lists of numbers',
    'lists of three dimensions',
    'lists in lists of moments',
    'lists in lists of intervals',
    'JSON, as it is written',
  ].includes(what),
);
/** Their arrays are deeper than a server tells by their type: they are refused beside texts. */
const DEEP = /^lists (?:in lists|of three)/;
const LIST = /^lists/;
const INTERVALS = KINDS.filter(({ what }) => what.startsWith('intervals'));
const NUMBERS = /^(?:whole|decimals|doubles)/;

/** A double as a key is compared as a number in one engine and by its text between two. */
const KEYS = [...SCALARS.filter(({ what }) => !['doubles', 'truth values'].includes(what)), ...INTERVALS];
const VALUES = [...SCALARS, ...INTERVALS, ...NESTED];

type Row = readonly (CanonicalValue | null)[];

interface Case {
  readonly kinds: readonly CanonicalKind[];
  readonly keys: number;
  readonly left: readonly Row[];
  readonly right: readonly Row[];
  /** Chooses types and spellings. */
  readonly dice: Iterator<number>;
  readonly engines: readonly [Engine, Engine];
  readonly strategy: 'digest' | 'join' | undefined;
  readonly network: 'local' | 'remote';
}

/** What the engines can hold both: Parquet has intervals of milliseconds that are not negative (and DuckDB writes 30 days and a month as one), and JSON no NULL of its own. */
function fits({ what }: CanonicalKind, { text }: CanonicalValue, engines: readonly Engine[]): boolean {
  if (engines.includes('parquet') && /interval/.test(what)) return !/-|\.\d{4}|30 days|24:00/.test(text);
  return !engines.includes('ndjson') || what !== 'JSON, as it is written' || /^[[{]/.test(text);
}

function placeable({ what }: CanonicalKind, engines: readonly Engine[]): boolean {
  const server = engines.includes('postgres') || engines.includes('another server');
  const texts = engines.includes('csv') || engines.includes('ndjson');
  return !(server && texts && DEEP.test(what));
}

function cell(kind: CanonicalKind, nulls: number, engines: readonly Engine[]): fc.Arbitrary<CanonicalValue | null> {
  const values = kind.values.filter(
    (value) => value.duckdb !== undefined && value.postgres !== undefined && fits(kind, value, engines),
  );
  return fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...values) },
    { weight: nulls, arbitrary: fc.constant(null) },
  );
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(
    fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
    fc.array(fc.constantFrom(...VALUES), { maxLength: 3 }),
    fc.constantFrom(0, 1),
    fc.constantFrom(...ENGINES.flatMap((a) => ENGINES.map((b) => [a, b] as const))),
    fc.constantFrom('digest' as const, 'join' as const, undefined),
    fc.constantFrom('local' as const, 'remote' as const),
  )
  .chain(([keys, drawn, nulls, engines, strategy, network]) => {
    const values = drawn.filter((kind) => placeable(kind, engines));
    const kinds = [...keys, ...values];
    const row = fc.tuple(...kinds.map((kind, index) => cell(kind, index < keys.length ? nulls : 2, engines)));
    const planted = fc.array(fc.tuple(fc.nat(), fc.nat(), row), { maxLength: 4 });
    const few = fc.array(row, { maxLength: 3 });
    return fc
      .tuple(
        fc.array(row, { minLength: 1, maxLength: 10 }),
        few,
        few,
        planted,
        fc.infiniteStream(fc.nat({ max: 1000 })),
      )
      .map(([shared, onlyLeft, onlyRight, changes, dice]) => {
        const copy = shared.map((cells) => [...cells]);
        for (const [at, index, donor] of values.length === 0 ? [] : changes) {
          const target = copy[at % copy.length];
          const column = keys.length + (index % values.length);
          if (target !== undefined) target[column] = donor[column] ?? null;
        }
        return {
          kinds,
          keys: keys.length,
          left: [...shared, ...onlyLeft],
          right: [...onlyRight, ...copy.reverse()],
          dice,
          engines,
          strategy,
          network,
        };
      });
  });

interface Expected {
  readonly counts: Record<string, number>;
  readonly columns: Record<string, number>;
}

function oracle({ kinds, keys, left, right }: Case): Expected {
  const counts = {
    matched: 0,
    missing_in_stream: 0,
    missing_in_batch: 0,
    value_mismatch: 0,
    duplicate_key: 0,
    null_key: 0,
  };
  const columns = Object.fromEntries(kinds.slice(keys).map((_, index) => [`v${index}`, 0]));
  const group = (rows: readonly Row[]): Map<string, Row[]> => {
    const byKey = new Map<string, Row[]>();
    for (const row of rows) {
      const key = row.slice(0, keys);
      if (key.includes(null)) counts.null_key += 1;
      else {
        const id = JSON.stringify(key.map((value) => value?.text));
        byKey.set(id, [...(byKey.get(id) ?? []), row]);
      }
    }
    return byKey;
  };
  const a = group(left);
  const b = group(right);
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(id) ?? [], b.get(id) ?? []];
    if (x.length > 1 || y.length > 1) counts.duplicate_key += 1;
    else if (x.length === 0) counts.missing_in_batch += 1;
    else if (y.length === 0) counts.missing_in_stream += 1;
    else {
      const differing = kinds.slice(keys).map((_, index) => x[0]?.[keys + index]?.text !== y[0]?.[keys + index]?.text);
      counts[differing.includes(true) ? 'value_mismatch' : 'matched'] += 1;
      differing.forEach((differs, index) => (columns[`v${index}`] = (columns[`v${index}`] ?? 0) + Number(differs)));
    }
  }
  return { counts, columns };
}

describe.skipIf(loudly('random tables in every pair of engines', problem))('every pair of engines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-fuzz-'));
  const servers = new Map<Engine, { url: string; client: pg.Client }>();
  let duckdb: DuckDBConnection;
  /** What the sides of the case under way are, for whoever has to understand a failure. */
  let placed: string[] = [];

  beforeAll(async () => {
    for (const engine of ['postgres', 'another server'] as const) {
      const database = await createDatabase(url ?? '');
      const client = new pg.Client({ connectionString: database });
      await client.connect();
      await client.query(`SET TimeZone = 'UTC'; CREATE EXTENSION IF NOT EXISTS citext;
        CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`);
      servers.set(engine, { url: database, client });
    }
    duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    await duckdb.run(`SET TimeZone = 'UTC'`);
  });
  afterAll(async () => {
    for (const { client } of servers.values()) await client.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a side as lines of JSON. Numbers are numbers, and lists of them too where the other side has a type for them. */
  function writeNdjson(
    file: string,
    { kinds, keys, engines }: Case,
    rows: readonly Row[],
    roll: (size: number) => number,
  ): string {
    const typed = !engines.every((engine) => engine === 'csv' || engine === 'ndjson');
    const number = (text: string): boolean => /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?$/.test(text);
    const written = ({ what }: CanonicalKind, value: CanonicalValue | null): string => {
      if (value === null) return 'null';
      const { text } = value;
      if (LIST.test(what))
        return typed && /numbers|doubles|three/.test(what) && roll(2) === 0
          ? text.replace(/"([^"]*)"/g, (all, element: string) => (number(element) ? element : all))
          : text;
      if (what.startsWith('JSON') || what === 'truth values') return text;
      return NUMBERS.test(what) && number(text) ? text : JSON.stringify(text);
    };
    const lines = rows.map((row, at) => {
      const members = kinds.flatMap((kind, index) => {
        const value = row[index] ?? null;
        if (value === null && at > 0 && roll(2) === 0) return [];
        return [`"${index < keys ? `k${index}` : `v${index - keys}`}":${written(kind, value)}`];
      });
      return `{${members.join(', ')}}\n`;
    });
    writeFileSync(file, lines.join(''));
    return file;
  }

  /** Creates a side and gives its endpoint. */
  async function place(engine: Engine, name: string, given: Case, rows: readonly Row[]): Promise<string> {
    const { kinds, keys, dice } = given;
    const sql = engine === 'postgres' || engine === 'another server' ? 'postgres' : 'duckdb';
    const roll = (size: number): number => Number(dice.next().value ?? 0) % Math.max(1, size);
    const columns = kinds.map((kind, index) => {
      // DuckDB writes a HUGEINT into Parquet as a DOUBLE.
      const types = kind[sql].filter((type) => engine !== 'parquet' || type !== 'HUGEINT');
      const name = index < keys ? `k${index}` : `v${index - keys}`;
      return {
        name,
        type: engine === 'csv' || engine === 'ndjson' ? 'VARCHAR' : (types[roll(types.length)] ?? 'text'),
      };
    });
    placed.push(
      `${engine} (${columns.map(({ type }) => type).join(', ')}): ${JSON.stringify(rows.map((row) => row.map((value) => value?.text ?? null)))}`,
    );
    if (engine === 'ndjson') return writeNdjson(join(folder, `${name}.ndjson`), given, rows, roll);
    const written = (value: CanonicalValue | null, type: string): string => {
      const plain = type.replace(/ COLLATE .*/, '');
      if (value === null) return `CAST(NULL AS ${plain})`;
      const spellings = engine === 'csv' ? [value.text] : (value[sql] ?? []);
      const spelled = spellings[roll(spellings.length)] ?? '';
      const literal =
        spelled.startsWith('=') && engine !== 'csv' ? spelled.slice(1) : `'${spelled.replaceAll("'", "''")}'`;
      return `CAST(${literal} AS ${plain})`;
    };
    const tuples = rows.map(
      (row) => `(${row.map((value, index) => written(value, columns[index]?.type ?? '')).join(', ')})`,
    );
    const create = `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (${columns.map((column) => `${column.name} ${column.type}`).join(', ')})`;
    const insert = `INSERT INTO ${name} ${tuples.map((tuple) => `SELECT ${tuple.slice(1, -1)}`).join(' UNION ALL ')}`;
    const server = servers.get(engine);
    if (server !== undefined) {
      await server.client.query(create);
      await server.client.query(insert);
      return `${server.url}#public.${name}`;
    }
    for (const statement of [...create.split('; '), insert]) await duckdb.run(statement);
    const file = join(folder, name);
    if (engine === 'duckdb') {
      rmSync(`${file}.duckdb`, { force: true });
      await duckdb.run(`ATTACH '${file}.duckdb' AS given`);
      await duckdb.run(`CREATE TABLE given.t AS SELECT * FROM ${name}`);
      await duckdb.run('DETACH given');
      return `duckdb:${file}.duckdb#t`;
    }
    const options = engine === 'csv' ? `FORMAT csv, HEADER true, FORCE_QUOTE *, NULLSTR ''` : 'FORMAT parquet';
    await duckdb.run(`COPY ${name} TO '${file}.${engine}' (${options})`);
    return `${file}.${engine}`;
  }

  it(`is compared without a wrong answer: ${CASES} cases, seed ${SEED}`, async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        placed = [];
        const left = await place(given.engines[0], 'left_rows', given, given.left);
        const right = await place(given.engines[1], 'right_rows', given, given.right);
        const report: DiffReport = await compareTables({
          left,
          right,
          key: given.kinds.slice(0, given.keys).map((_, index) => `k${index}`),
          ...(given.strategy === undefined ? {} : { strategy: given.strategy }),
          network: given.network,
        });
        const { counts, columns } = oracle(given);
        const told = `${placed.join('\n')}\n${report.plan.place}, ${report.plan.strategy}\n${report.notes.join('\n')}\n${JSON.stringify(report.discrepancies)}`;
        expect(report, told).toMatchObject(counts);
        const mismatched = Object.entries(report.columns).map(([name, one]) => [name, one.mismatched] as const);
        expect(Object.fromEntries(mismatched), told).toEqual(columns);
        expect(report.discrepancies).toHaveLength(
          Object.entries(counts).reduce((sum, [name, n]) => sum + (name === 'matched' ? 0 : n), 0),
        );
        seen.add(given.engines.join(' / '));
      }),
      { numRuns: CASES, seed: SEED, endOnFailure: true },
    );
    console.log(
      `${CASES} cases, seed ${SEED}: ${seen.size} of ${ENGINES.length ** 2} pairs of engines, no wrong answer`,
    );
  }, 3_600_000);
});
