import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadRows, quoted, replayed, withSides } from './template-sides.js';

// Every run opens a database: without shrinking, a failure shows before the test's time is over.
const RUNS = { numRuns: 20, seed: 3, endOnFailure: true };

describe('any events in any order', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });

  it('flights agree', async () => {
    const flight = fc.record({
      minute: fc.integer({ min: 0, max: 3 * 1440 }),
      delay: fc.integer({ min: -60, max: 900 }),
      distance: fc.integer({ min: 30, max: 5_000 }),
      origin: fc.constantFrom('SEA', 'ORD', 'Zoë'),
      destination: fc.constantFrom('JFK', 'LAX', 'DFW', 'ANC'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(flight, { minLength: 1, maxLength: 60, size: 'max' }),
        sizes,
        async (flights, batches) => {
          const rows = flights.map(
            (f, seq) =>
              `(${seq}, ${f.minute}, ${f.delay}, ${f.distance}, ${quoted(f.origin)}, ${quoted(f.destination)})`,
          );
          const events = `SELECT seq AS flight_id, TIMESTAMP '2001-01-01' + m * INTERVAL 1 MINUTE AS date, delay, distance, origin, destination,
          0 AS _partition, CAST(seq AS BIGINT) AS _offset, seq
          FROM (VALUES ${rows.join(', ')}) AS t(seq, m, delay, distance, origin, destination)`;
          const found = await withSides('flights', events, (sides) => replayed(sides, batches, 4));
          expect(found).toEqual(found.map(() => ({ daily_delays: 0 })));
        },
      ),
      RUNS,
    );
  });

  const event = fc.record({
    event_id: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', ''), { freq: 12 }),
    user_id: fc.option(fc.constantFrom('zo\u00eb', 'zoe\u0308', 'u1', "o'neil"), { freq: 8 }),
    event_type: fc.option(fc.constantFrom('view', 'purchase', 'refund'), { freq: 8 }),
    amount: fc.oneof(
      fc.integer({ min: -999_999, max: 999_999 }).map((cents) => cents / 100),
      fc.constantFrom(null, 'n/a', '12.345', '1e3', true),
    ),
    timestamp: fc.constantFrom(
      '2026-03-01T23:59:59.999999Z',
      '2026-03-02T00:30:00+01:00',
      '2026-03-02T12:00:00',
      'yesterday',
      null,
    ),
  });
  const payload = fc.oneof(
    { weight: 10, arbitrary: event.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.constantFrom('{"event_id":"a"', '', '[]', '"a"', 'null', null) },
  );
  /** Payloads spread over three partitions, in order of arrival, with the offsets that they get. */
  const arrivals = fc
    .array(fc.record({ payload, partition: fc.integer({ min: 0, max: 2 }) }), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    })
    .map((given) => {
      const next = [0, 0, 0];
      return payloadRows(
        given.map((row) => {
          const offset = next[row.partition] ?? 0;
          next[row.partition] = offset + 1;
          return { ...row, offset };
        }),
      );
    });
  const equal = { silver_events: 0, daily_metrics: 0, user_daily: 0 };

  it('medallion events agree, redeliveries and broken payloads included', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, sizes, async (events, batches) => {
        const found = await withSides('medallion', events, (sides) => replayed(sides, batches, 4));
        expect(found).toEqual(found.map(() => equal));
      }),
      RUNS,
    );
  });

  it('medallion events agree when a replay joins former micro-batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        async (events, former, joined) => {
          const found = await withSides('medallion', events, async (sides) => {
            const total = await sides.total();
            for (let from = 0; from < total; from += former * joined)
              await sides.ingest(from, from + former * joined, former);
            return sides.differences();
          });
          expect(found).toEqual(equal);
        },
      ),
      RUNS,
    );
  });
});
