/**
 * Plays two programs that cutover does not run: a batch job (schema `spark`) that computes everything anew each hour, and a streaming job (schema `flink`)
 * that adds each order as it arrives. Both are behind the orders, each by another lag.
 *
 *   node writer.mjs [--hours 48] [--pace 0] [--drop-late]
 *
 * --hours N     how long orders come in, from 2026-03-01 on; when it ends, the jobs have not caught up on the hourly tables
 * --pace MS     pause after each transaction, to run it beside cutover (PostgreSQL)
 * --drop-late   the streaming job drops orders that arrive after their hour has ended, as a window without allowed lateness does
 *
 * It needs nothing but Node and what cutover brings: the driver of the store.
 */
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '48' },
    pace: { type: 'string', default: '0' },
    'drop-late': { type: 'boolean', default: false },
  },
});
const hours = Number(values.hours);
const pace = Number(values.pace);
const dropLate = values['drop-late'];

const HERE = dirname(fileURLToPath(import.meta.url));
const START = Date.UTC(2026, 2, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const COUNTRIES = ['DE', 'FR', 'IT', 'JP', 'US'];

/** A moment as SQL. */
const at = (ms) => `TIMESTAMP '${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}'`;
const hourOf = (order) => START + Math.floor((order.placed - START) / HOUR) * HOUR;

/** The orders in their order of arrival: most at once, one in ten up to 10 minutes late. The same ones every time. */
function ordersOf(count) {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const orders = [];
  for (let minute = 0; minute < count * 60; minute += 1) {
    const placed = START + minute * MINUTE;
    const late = random(10) === 0 ? random(10) * MINUTE : 0;
    orders.push({
      placed,
      arrived: placed + late,
      country: COUNTRIES[random(COUNTRIES.length)],
      cents: random(20_000),
    });
  }
  return orders.sort((a, b) => a.arrived - b.arrived || a.placed - b.placed);
}

/** Orders and cents by the groups of `keyOf`, as rows of a VALUES list. */
function sums(orders, keyOf) {
  const groups = new Map();
  for (const order of orders) {
    const key = keyOf(order);
    const sum = groups.get(key) ?? { orders: 0, cents: 0 };
    groups.set(key, { orders: sum.orders + 1, cents: sum.cents + order.cents });
  }
  return [...groups]
    .map(([key, sum]) => `(${key}, CAST(${sum.orders} AS BIGINT), CAST(${sum.cents} AS BIGINT))`)
    .join(', ');
}
const byHour = (order) => `${at(hourOf(order))}, '${order.country}'`;
const byCountry = (order) => `'${order.country}'`;

/** A package from beside this file, or else from where the program `cutover` was installed. */
async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      try {
        return await import(pathToFileURL(createRequire(realpathSync(join(folder, 'cutover'))).resolve(name)).href);
      } catch {
        continue;
      }
    }
    throw new Error(`the package ${name} was not found: put cutover on the PATH, or run npm install ${name}`, {
      cause: error,
    });
  }
}

/** Runs statements on the store that cutover.yaml names. */
async function connect() {
  if (/^store:.*\bpostgres\b/m.test(readFileSync(join(HERE, 'cutover.yaml'), 'utf8'))) {
    const { default: pg } = await load('pg');
    const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
    await client.connect();
    return { run: (sql) => client.query(sql), close: () => client.end() };
  }
  // The embedded store belongs to one process: this one ends before cutover begins.
  const { DuckDBInstance } = await load('@duckdb/node-api');
  mkdirSync(join(HERE, '.cutover'), { recursive: true });
  const instance = await DuckDBInstance.create(join(HERE, '.cutover', 'cutover.duckdb'));
  const connection = await instance.connect();
  return {
    run: (sql) => connection.run(sql),
    close: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const store = await connect();

async function transaction(...statements) {
  await store.run('BEGIN');
  for (const statement of statements.filter((one) => one !== '')) await store.run(statement);
  await store.run('COMMIT');
  if (pace > 0) await sleep(pace);
}

for (const schema of ['spark', 'flink']) {
  await transaction(
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${schema}.hourly_orders (hour TIMESTAMP, country VARCHAR, orders BIGINT, cents BIGINT, PRIMARY KEY (hour, country))`,
    `CREATE TABLE IF NOT EXISTS ${schema}.orders_by_country (country VARCHAR PRIMARY KEY, orders BIGINT, cents BIGINT)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.progress (reached TIMESTAMP)`,
    `DELETE FROM ${schema}.hourly_orders`,
    `DELETE FROM ${schema}.orders_by_country`,
    `DELETE FROM ${schema}.progress`,
    `INSERT INTO ${schema}.progress VALUES (${at(START)})`,
  );
}

const arrivals = ordersOf(hours);
const until = (reached) => arrivals.filter(({ arrived }) => arrived < reached);

/** The batch job: all orders that had arrived, in place of what it wrote before. Closed hours do not change: it writes the last two. */
async function batch(reached) {
  const from = at(Math.max(START, reached - 2 * HOUR));
  const recent = until(reached).filter((order) => at(hourOf(order)) >= from);
  await transaction(
    `DELETE FROM spark.hourly_orders WHERE hour >= ${from}`,
    recent.length === 0 ? '' : `INSERT INTO spark.hourly_orders VALUES ${sums(recent, byHour)}`,
    `UPDATE spark.progress SET reached = ${at(reached)}`,
  );
}

/** The streaming job: what has arrived since. */
async function stream(from, reached) {
  const fresh = until(reached).filter(({ arrived }) => arrived >= from);
  const kept = dropLate ? fresh.filter((order) => order.arrived < hourOf(order) + HOUR) : fresh;
  const add = 'DO UPDATE SET orders = t.orders + excluded.orders, cents = t.cents + excluded.cents';
  const into = (table, rows, key) =>
    kept.length === 0 ? '' : `INSERT INTO flink.${table} AS t VALUES ${rows} ON CONFLICT (${key}) ${add}`;
  await transaction(
    into('hourly_orders', sums(kept, byHour), 'hour, country'),
    into('orders_by_country', sums(kept, byCountry), 'country'),
    `UPDATE flink.progress SET reached = ${at(reached)}`,
  );
}

const end = START + hours * HOUR;
let streamed = START;
for (let now = START + HOUR / 2; now <= end; now += HOUR / 2) {
  // The stream is a quarter of an hour behind, the batch job runs each hour and is up to two hours behind.
  await stream(streamed, now - 15 * MINUTE);
  streamed = now - 15 * MINUTE;
  if ((now - START) % HOUR === 0 && now - HOUR > START) await batch(now - HOUR);
}
// The totals by country come to rest: the batch job's is written once, from what the stream has taken in.
const taken = until(streamed);
if (taken.length > 0)
  await transaction(
    'DELETE FROM spark.orders_by_country',
    `INSERT INTO spark.orders_by_country VALUES ${sums(taken, byCountry)}`,
  );
await store.close();
console.log(`${arrivals.length} orders of ${hours} hours: spark.* and flink.* are written`);
