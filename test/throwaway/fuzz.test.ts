import { it, expect } from 'vitest';
import { DiffWorld, countsOf } from '../integration/diff-world.js';
const N = Number(process.env['N'] ?? 200); const SEED = Number(process.env['SEED'] ?? 1);
function rng(seed: number) { let a = seed >>> 0; return () => { a = (a + 0x6d2b79f5) >>> 0; let t = a; t = Math.imul(t ^ (t >>> 15), t | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) / 4294967296; }; }
const kinds: [string, (i: string) => string][] = [
  ['int', (i) => `CAST(${i} AS INTEGER)`], ['big', (i) => `CAST(${i} - 5000000000 AS BIGINT)`], ['huge', (i) => `CAST(${i} AS HUGEINT) * 10000000000000000000`],
  ['dec', (i) => `CAST(${i} * 0.25 AS DECIMAL(20,4))`], ['dbl', (i) => `CASE WHEN ${i} > 90000 THEN CAST('NaN' AS DOUBLE) WHEN ${i} = 0 THEN CAST('-0' AS DOUBLE) ELSE CAST(${i} AS DOUBLE) / 7 END`],
  ['text', (i) => `lpad(CAST(${i} AS VARCHAR), 6, '0')`], ['utext', (i) => `chr(CAST(97 + ${i} // 5000 AS INTEGER)) || 'é' || lpad(CAST(${i} AS VARCHAR), 6, '0')`],
  ['date', (i) => `DATE '2000-01-01' + CAST(${i} AS INTEGER)`], ['ts', (i) => `TIMESTAMP '2000-01-01' + to_microseconds(${i} * 1001)`], ['tstz', (i) => `TIMESTAMPTZ '2000-01-01 00:00:00+00' + to_microseconds(${i} * 1001)`],
  ['interval', (i) => `to_hours(CAST(${i} AS BIGINT) * 24)`], ['list', (i) => `[CAST(${i} AS INTEGER)]`], ['struct', (i) => `{'a': ${i}}`], ['blob', (i) => `CAST(lpad(CAST(${i} AS VARCHAR), 6, '0') AS BLOB)`], ['uuid', (i) => `CAST('00000000-0000-0000-0000-' || lpad(CAST(${i} AS VARCHAR), 12, '0') AS UUID)`], ['bool', (i) => `${i} > 5`],
  ['tm', (i) => `TIME '00:00:00' + to_milliseconds(${i})`],['tsns', (i) => `CAST(TIMESTAMP '2000-01-01' + to_microseconds(${i}) AS TIMESTAMP_NS)`],
];
it('in step never says what a digest or a join does not', async () => {
  const stat: Record<string, number> = {}; let bad = 0;
  for (let c = 0; c < N; c++) {
    const r = rng(SEED * 100003 + c); const pick = <T,>(l: readonly T[]): T => l[Math.floor(r() * l.length)]!;
    const world = new DiffWorld();
    let what = '';
    try {
      const rows = pick([1, 2, 3, 10, 100, 1000, 3000, 7000]);
      const k1 = pick(kinds), k2 = r() < 0.3 ? pick(kinds) : null;
      const g = k2 ? pick([1, 3, 100]) : 1;
      const val = (seed: number) => `CASE WHEN hash(i, ${seed}) % 10 = 0 THEN NULL WHEN hash(i, ${seed}) % 10 = 1 THEN CAST('NaN' AS DOUBLE) WHEN hash(i,${seed}) % 10 = 2 THEN CAST('-0' AS DOUBLE) ELSE CAST(hash(i,${seed}) % 100 AS DOUBLE) / 3 END`;
      const base = `SELECT ${k1[1](`(i // ${g})`)} AS k${k2 ? `, ${k2[1](`(i % ${g})`)} AS k2` : ''}, ${val(1)} AS v, 't' || (i % 7) AS t, [i % 3, NULL] AS l, CAST(i AS DECIMAL(18,3)) / 8 AS d, i AS i FROM range(${rows}) r(i)`;
      const at = Math.floor(r() * rows); const to = Math.floor(r() * rows);
      const edits: Record<string, string> = {
        same: base,
        value: `SELECT * REPLACE (CASE WHEN i = ${at} THEN 'other' ELSE t END AS t) FROM (${base})`,
        negzero: `SELECT * REPLACE (CASE WHEN v = 0 THEN CAST('0' AS DOUBLE) ELSE v END AS v) FROM (${base})`,
        nan: `SELECT * REPLACE (CASE WHEN isnan(v) AND i % 5 = 0 THEN NULL ELSE v END AS v) FROM (${base})`,
        nullkey: `SELECT * REPLACE (CASE WHEN i = ${at} THEN NULL ELSE k END AS k) FROM (${base})`,
        dupkey: `SELECT * REPLACE (CASE WHEN i = ${at} THEN (${k1[1](`(${to} // ${g})`)}) ELSE k END AS k) FROM (${base})`,
        otherkey: `SELECT * REPLACE (CASE WHEN i = ${at} THEN (${k1[1](`${rows + 5}`)}) ELSE k END AS k) FROM (${base})`,
        desc: `SELECT * FROM (${base}) ORDER BY i DESC`,
        swap: `SELECT * FROM (${base}) ORDER BY CASE WHEN i = ${at} THEN ${to} + 0.5 ELSE i END`,
        shift: `SELECT * FROM (${base}) WHERE i <> ${at} UNION ALL SELECT * REPLACE (${rows + 9} AS i, (${k1[1](`${rows + 9}`)}) AS k) FROM (${base}) WHERE i = ${at}`,
        tol: `SELECT * REPLACE (v + 0.001 AS v) FROM (${base})`,
        typed: `SELECT * REPLACE (CAST(d AS VARCHAR) AS d, CAST(i AS VARCHAR) AS i) FROM (${base})`,
        null_l: `SELECT * REPLACE (CASE WHEN i = ${at} THEN NULL WHEN i = ${to} THEN [0] ELSE l END AS l) FROM (${base})`,
      };
      const [le, re] = [r() < 0.75 ? 'same' : pick(Object.keys(edits)), pick(Object.keys(edits))];
      const both = r() < 0.15;
      const write = async (name: string, q: string): Promise<string> => {
        const kind = pick(['one', 'one', 'groups', 'many', 'duckdb', 'shuffled', 'missing', 'one', 'hive']);
        const rg = pick([1, 2, 7, 100, 2048]);
        what += ` ${kind}/${rg}`;
        if (kind === 'duckdb') { await world.sql(`ATTACH '@/${name}.duckdb' AS d (ROW_GROUP_SIZE ${pick([2048, 4096])})`, `CREATE TABLE d.t AS ${q}`); return `duckdb:${name}.duckdb#t`; }
        if (kind === 'one') { await world.sql(`COPY (${q}) TO '@/${name}.parquet' (FORMAT parquet)`); return `${name}.parquet`; }
        if (kind === 'groups') { await world.sql(`COPY (${q}) TO '@/${name}.parquet' (FORMAT parquet, ROW_GROUP_SIZE ${rows > 500 ? Math.max(rg, 50) : rg})`); return `${name}.parquet`; }
        const parts = pick([2, 3]);
        const names = kind === 'shuffled' ? ['c', 'a', 'b'] : ['a', 'b', 'c'];
        if (kind === 'hive') { for (let p = 0; p < parts; p++) { await world.sql(`COPY (SELECT 1) TO '@/x.csv'`); const { mkdirSync } = await import('node:fs'); mkdirSync(world.path(`${name}/p=${p}`), { recursive: true }); await world.sql(`COPY (SELECT * FROM (SELECT *, row_number() OVER () - 1 AS rn FROM (${q})) WHERE rn * ${parts} // ${rows} = ${p}) TO '@/${name}/p=${p}/x.parquet' (FORMAT parquet)`); } return `${name}/*/x.parquet`; }
        for (let p = 0; p < parts; p++) await world.sql(`COPY (SELECT * EXCLUDE (rn${kind === 'missing' && p === 0 ? ', t' : ''}) FROM (SELECT *, row_number() OVER () - 1 AS rn FROM (${q})) WHERE rn * ${parts} // ${rows} = ${p}) TO '@/${name}-${names[p]}.parquet' (FORMAT parquet)`);
        return `${name}-*.parquet`;
      };
      what = `case ${c} seed ${SEED} rows ${rows} key ${k1[0]}${k2 ? `,${k2[0]}/${g}` : ''} ${le}/${re} at ${at} to ${to}`;
      const l = await write('l', edits[both ? re : le]!); const rr = await write('r', edits[re]!);
      const opts: any = { key: k2 ? ['k', 'k2'] : ['k'], profile: null, limit: 20 };
      if (r() < 0.2) opts.ignore = ['t'];
      if (r() < 0.2) opts.rules = { columns: { v: { absolute: '0.01' } } };
      if (r() < 0.2) { const w = pick(['i % 3 <> 1', 'i > 50', "t <> 't3'"]); opts.rules = { columns: {}, ...(opts.rules ?? {}), where: { batch: w, stream: w } }; };
      const pass: any = { ...opts, stopAfter: r() < 0.1 ? 3 : undefined };
      if (pass.stopAfter) what += ' stop';
      what += JSON.stringify(opts);
      const run = async (strategy: string) => { try { const x = await world.diff(l, rr, { ...pass, strategy } as any); return { s: x.plan.strategy, v: x.verdict, c: pass.stopAfter ? 'lb' : countsOf(x), d: pass.stopAfter ? [] : x.discrepancies, cols: pass.stopAfter ? [] : x.columns, k: pass.stopAfter ? 0 : (x as any).keys_compared }; } catch (e: any) { return { s: 'error', v: `${e.code} ${String(e.message).slice(0, 100)}`, c: {}, d: [], cols: [], k: 0 }; } };
      const a = await run('in_step'), b = await run('digest'), j = await run('join');
      const key = `${a.s}${a.s === 'error' ? ` ${a.v}` : ` ${a.v}`}`; stat[key] = (stat[key] ?? 0) + 1;
      const t = (x: any) => JSON.stringify({ ...x, s: 0 });
      if (t(a) !== t(b) || t(b) !== t(j)) { bad++; console.log('DIFF', what, '\n', JSON.stringify(a).slice(0, 600), '\n', JSON.stringify(b).slice(0, 600), '\n', JSON.stringify(j).slice(0, 600)); }
    } catch (e) { stat['broken case ' + String(e).slice(0, 120)] = (stat['broken case ' + String(e).slice(0, 120)] ?? 0) + 1; } finally { world.close(); }
  }
  console.log(stat); expect(bad).toBe(0);
}, 1_000_000);
