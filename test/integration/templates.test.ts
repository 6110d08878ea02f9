import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { payloadRows, quoted, replayed, ROOT, withSides, ends } from './template-sides.js';

const LATE_DROPPED = 'sql/daily_delays.stream.late-dropped.sql';
const DOUBLE_COUNT = 'sql/daily_delays.stream.double-count.sql';

const landed = z.object({ payload: z.string().nullable() });

const fixture = (name: string): string => join(ROOT, 'fixtures', name);

/** The flights of the fixture as the file log would give them: a partition per file, the offset is the row number. */
const FLIGHTS = `
  SELECT flight_id, date, delay, distance, origin, destination,
    CAST(nth AS INTEGER) AS _partition, file_row_number AS _offset,
    row_number() OVER (ORDER BY nth, file_row_number) - 1 AS seq
  FROM read_parquet(${quoted(join(fixture('flights'), '*.parquet'))}, file_row_number = true, filename = true)
  JOIN (SELECT file, row_number() OVER (ORDER BY file) - 1 AS nth FROM glob(${quoted(join(fixture('flights'), '*.parquet'))})) ON file = filename`;

/** The lines of the medallion fixture; JSON is read here by JavaScript, so that both jobs see what the log would land. */
function medallionEvents(): string {
  const files = readdirSync(fixture('medallion'))
    .filter((file) => file.endsWith('.ndjson'))
    .sort();
  const rows = files.flatMap((file, partition) =>
    readFileSync(join(fixture('medallion'), file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, offset) => {
        return { ...landed.parse(JSON.parse(line)), partition, offset };
      }),
  );
  return payloadRows(rows);
}

const SIZES = [
  { name: 'the default size', sizes: [10_000], every: 3, limit: Infinity },
  { name: 'mixed sizes', sizes: [1, 7, 1_900, 60, 3, 4_000, 512], every: 5, limit: 40_000 },
  { name: 'single events', sizes: [1], every: 40, limit: 120 },
  { name: 'one for everything', sizes: [1_000_000], every: 1, limit: Infinity },
];

describe.each([
  { template: 'flights', events: (): string => FLIGHTS, equal: { daily_delays: 0 } },
  { template: 'medallion', events: medallionEvents, equal: { silver_events: 0, daily_metrics: 0, user_daily: 0 } },
])('template $template', ({ template, events, equal }) => {
  it.each(SIZES)('agrees at every cut, in micro-batches of $name', async ({ sizes, every, limit }) => {
    await withSides(template, events(), async (sides) => {
      const found = await replayed(sides, sizes, every, limit);
      expect(found).toEqual(found.map(() => equal));
      for (const name of Object.keys(equal))
        expect(await sides.number(`SELECT count(*) FROM cutover_batch.${name}`)).toBeGreaterThan(0);
    });
  });

  it('agrees after a replay of many micro-batches in one transaction', async () => {
    const found = await withSides(template, events(), async (sides) => {
      await sides.transaction(async () => {
        let from = 0;
        for (const to of ends(5_000, [700])) {
          await sides.ingest(from, to);
          from = to;
        }
      });
      return sides.differences();
    });
    expect(found).toEqual(equal);
  });

  it('has its data: small files that its configuration will find', () => {
    const files = readdirSync(fixture(template)).filter((file) => !file.endsWith('.md'));
    const bytes = files.reduce((sum, file) => sum + statSync(join(fixture(template), file)).size, 0);
    expect(files.length).toBeGreaterThan(3);
    expect(bytes).toBeLessThan(2_000_000);
    expect(existsSync(join(fixture(template), 'README.md'))).toBe(true);
    expect(existsSync(join(ROOT, 'templates', template, 'README.md'))).toBe(true);
  });
});

describe('template medallion', () => {
  it('never lists an event type of a user twice, which the comparison as sets would forgive', async () => {
    await withSides('medallion', medallionEvents(), async (sides) => {
      await replayed(sides, [500], Infinity);
      const repeated =
        'SELECT count(*) FROM cutover_stream.user_daily WHERE len(event_types) <> len(list_distinct(event_types))';
      expect(await sides.number(repeated)).toBe(0);
    });
  });
});

describe('flights fixture', () => {
  it('holds real flights in order of arrival, so that event times are out of order', async () => {
    await withSides('flights', FLIGHTS, async (sides) => {
      const behind = (what: string): string => `
        WITH seen AS (
          SELECT *, date + delay * INTERVAL 1 MINUTE AS arrived, max(date) OVER w AS highest, max(date + delay * INTERVAL 1 MINUTE) OVER w AS last
          FROM main.arrivals WINDOW w AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) SELECT count(*) FROM seen WHERE ${what}`;
      expect(await sides.number('SELECT count(DISTINCT flight_id) FROM main.arrivals')).toBe(97_154);
      expect(await sides.number(behind('arrived < last'))).toBe(0);
      expect(await sides.number(behind(`highest - date > INTERVAL '3 hours'`))).toBe(996);
    });
  });
});

describe('faulty stream jobs of the flights', () => {
  it.each([[10_000], [1_234], [1_000_000]])(
    'late-dropped differs in the same 359 of 1,333 keys in micro-batches of %i',
    async (size) => {
      await withSides(
        'flights',
        FLIGHTS,
        async (sides) => {
          expect((await replayed(sides, [size], Infinity)).at(-1)).toEqual({ daily_delays: 359 });
          expect(await sides.number('SELECT count(*) FROM cutover_batch.daily_delays')).toBe(1_333);
          const columns = await sides.differingColumns('daily_delays');
          expect(columns['flights']).toBe(359);
          expect(columns['total_delay']).toBe(359);
        },
        LATE_DROPPED,
      );
    },
  );

  it('double-count differs in sums, and not in minimum, maximum and distinct counts', async () => {
    await withSides(
      'flights',
      FLIGHTS,
      async (sides) => {
        const found = (await replayed(sides, [10_000], Infinity)).at(-1);
        const columns = await sides.differingColumns('daily_delays');
        expect(found).toEqual({ daily_delays: 160 });
        expect(columns['flights']).toBe(160);
        expect(Object.keys(columns).sort()).toEqual([
          'avg_delay',
          'delayed',
          'flights',
          'total_delay',
          'total_distance',
        ]);
      },
      DOUBLE_COUNT,
    );
  });
});
