#!/usr/bin/env node
/**
 * Makes the sample data under fixtures/. Deterministic: the same versions of the dev dependencies give the same rows.
 *
 *   node scripts/make-fixtures.mjs            both sets
 *   node scripts/make-fixtures.mjs flights    or one: flights, medallion
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FIXTURES = join(ROOT, 'fixtures');

const FLIGHT_FILES = 10;
/** First day that is not taken: 1 to 6 January 2001, about 97,000 flights of all 223 airports. */
const FLIGHTS_BEFORE = '2001-01-07';

const MEDALLION_FILES = 6;
const MEDALLION_EVENTS = 8_400;
const MEDALLION_START = Date.UTC(2026, 2, 1);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Real flights in the order in which their events would have arrived: at the actual time, which is date + delay. */
async function makeFlights() {
  const folder = await emptied('flights', '.parquet');
  const source = join(ROOT, 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  // Rows that are equal in every column are interchangeable, so both orders are total for our purpose.
  await connection.run(`
    CREATE TABLE flights AS
    WITH numbered AS (
      SELECT row_number() OVER (ORDER BY date, origin, destination, distance, delay) AS flight_id, *
      FROM read_parquet('${source.replaceAll("'", "''")}')
      WHERE date < TIMESTAMP '${FLIGHTS_BEFORE}'
    )
    SELECT
      row_number() OVER (ORDER BY date + delay * INTERVAL 1 MINUTE, flight_id) - 1 AS arrival,
      CAST(flight_id AS INTEGER) AS flight_id,
      date,
      CAST(delay AS INTEGER) AS delay,
      CAST(distance AS INTEGER) AS distance,
      origin,
      destination
    FROM numbered`);
  const counted = await connection.runAndReadAll('SELECT CAST(count(*) AS INTEGER) AS n FROM flights');
  const total = Number(counted.getRowsJson()[0]?.[0]);
  const perFile = Math.ceil(total / FLIGHT_FILES);
  for (let file = 0; file < FLIGHT_FILES; file++) {
    const path = join(folder, `flights-${String(file + 1).padStart(2, '0')}.parquet`);
    await connection.run(`
      COPY (
        SELECT flight_id, date, delay, distance, origin, destination FROM flights
        WHERE arrival >= ${file * perFile} AND arrival < ${(file + 1) * perFile} ORDER BY arrival
      ) TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, PARQUET_VERSION v2)`);
  }
  connection.closeSync();
  instance.closeSync();
  console.error(`flights: ${total} events in ${FLIGHT_FILES} files`);
}

/** mulberry32: a small seeded generator, uniform in [0, 1). */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TYPES = ['view', 'view', 'view', 'view', 'click', 'click', 'purchase', 'purchase', 'signup', 'refund'];
/** Among them: composed and decomposed forms of one letter, which are different users, and other writing systems. */
const UNICODE_USERS = [
  'zo\u00eb',
  'zoe\u0308',
  '\u674e\u96f7',
  '\u03a9mega',
  '\u0410\u043d\u043d\u0430',
  '\u{1f680}-pilot',
  'M\u00fcller "M"',
];

function userOf(random) {
  if (random() < 0.04) return UNICODE_USERS[Math.floor(random() * UNICODE_USERS.length)];
  // The square makes a few users busy and most of them rare.
  return `u${String(Math.floor(random() ** 2 * 400)).padStart(3, '0')}`;
}

function amountOf(type, random) {
  const cents = Math.floor(random() ** 3 * 50_000) + 1;
  if (type === 'purchase') return random() < 0.01 ? 'n/a' : cents / 100;
  if (type === 'refund') return -cents / 100;
  return random() < 0.5 ? null : 0;
}

/** One original event as { arrival (ms), payload (text or null) }, and the event behind it. */
function originalEvent(index, random) {
  const at = MEDALLION_START + Math.floor(random() * 10 * DAY);
  const type = TYPES[Math.floor(random() * TYPES.length)];
  const late = random();
  // Most arrive within two minutes, one in ten within six hours, one in fifty up to three days later.
  const lag = late < 0.02 ? random() * 3 * DAY : late < 0.12 ? random() * 360 * MINUTE : random() * 2 * MINUTE;
  const event = {
    event_id: random() < 0.005 ? null : `e${String(index).padStart(5, '0')}`,
    user_id: random() < 0.003 ? null : userOf(random),
    event_type: type,
    amount: amountOf(type, random),
    timestamp: random() < 0.002 ? 'yesterday' : new Date(at).toISOString(),
  };
  return { arrival: at + lag, event };
}

function malformed(payload, random) {
  const choice = random();
  if (choice < 0.6) return payload.slice(0, Math.floor(payload.length * random()));
  if (choice < 0.8) return `${payload},`;
  return choice < 0.9 ? '[]' : null;
}

/** Made-up events of a shop with every kind of dirt that a real topic has; about 6% of the lines are redeliveries. */
async function makeMedallion() {
  const folder = await emptied('medallion', '.ndjson');
  const random = seeded(20_260_301);
  const lines = [];
  for (let index = 0; index < MEDALLION_EVENTS; index++) {
    const { arrival, event } = originalEvent(index, random);
    const payload = JSON.stringify(event);
    lines.push({ arrival, order: lines.length, payload: random() < 0.005 ? malformed(payload, random) : payload });
    for (let copies = random(); copies < 0.06; copies += 0.05) {
      // A redelivery: mostly the same content, sometimes a corrected amount, which must not win over the first.
      const again = random() < 0.3 ? { ...event, amount: Math.floor(random() * 10_000) / 100 } : event;
      const delay = random() < 0.5 ? random() * MINUTE : random() * 2 * DAY;
      lines.push({ arrival: arrival + delay, order: lines.length, payload: JSON.stringify(again) });
    }
  }
  lines.sort((a, b) => a.arrival - b.arrival || a.order - b.order);
  const perFile = Math.ceil(lines.length / MEDALLION_FILES);
  for (let file = 0; file < MEDALLION_FILES; file++) {
    const text = lines
      .slice(file * perFile, (file + 1) * perFile)
      .map((line) => `${JSON.stringify({ payload: line.payload })}\n`);
    await writeFile(join(folder, `events-${String(file + 1).padStart(2, '0')}.ndjson`), text.join(''));
  }
  console.error(`medallion: ${lines.length} lines in ${MEDALLION_FILES} files`);
}

async function emptied(name, ending) {
  const folder = join(FIXTURES, name);
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(folder)) if (file.endsWith(ending)) await rm(join(folder, file));
  return folder;
}

const MAKERS = { flights: makeFlights, medallion: makeMedallion };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MAKERS);
for (const name of wanted) {
  const make = MAKERS[name];
  if (make === undefined)
    throw new Error(`there is no fixture '${name}': choose from ${Object.keys(MAKERS).join(', ')}`);
  await make();
}
