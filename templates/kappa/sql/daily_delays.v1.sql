-- Version 1, applied to each micro-batch, all statements in one transaction. The work follows the size of the micro-batch,
-- not of the tables, and the order of event times does not matter: late flights are simply added.

-- 1. Number this micro-batch.
INSERT INTO daily_delays_progress (id, micro_batches, highest_departure)
SELECT 1, 1, MAX(date) FROM batch_events
ON CONFLICT (id) DO UPDATE SET
  micro_batches = daily_delays_progress.micro_batches + 1,
  highest_departure = GREATEST(daily_delays_progress.highest_departure, excluded.highest_departure);

-- 2. Remember the destinations that are new to their key.
INSERT INTO daily_delays_destinations (flight_date, origin, destination, added_in)
SELECT DISTINCT CAST(date AS DATE), origin, destination, (SELECT micro_batches FROM daily_delays_progress)
FROM batch_events
ON CONFLICT (flight_date, origin, destination) DO NOTHING;

-- 3. Fold the micro-batch, aggregated, into the rows of the keys it touches. The average is divided from the whole sums,
--    not from averages, so that it does not depend on how the events came.
INSERT INTO daily_delays (
  flight_date, origin, flights, total_delay, avg_delay, delayed, max_delay, total_distance, first_departure, last_departure, destinations
)
SELECT
  arrived.flight_date,
  arrived.origin,
  arrived.flights,
  arrived.total_delay,
  CAST(arrived.total_delay AS DOUBLE PRECISION) / CAST(arrived.flights AS DOUBLE PRECISION),
  arrived.delayed,
  arrived.max_delay,
  arrived.total_distance,
  arrived.first_departure,
  arrived.last_departure,
  COALESCE(fresh.destinations, 0)
FROM (
  SELECT
    CAST(date AS DATE) AS flight_date,
    origin,
    COUNT(*) AS flights,
    CAST(SUM(delay) AS BIGINT) AS total_delay,
    COUNT(CASE WHEN delay > 15 THEN 1 END) AS delayed,
    MAX(delay) AS max_delay,
    CAST(SUM(distance) AS BIGINT) AS total_distance,
    MIN(date) AS first_departure,
    MAX(date) AS last_departure
  FROM batch_events
  GROUP BY CAST(date AS DATE), origin
) AS arrived
LEFT JOIN (
  SELECT flight_date, origin, COUNT(*) AS destinations
  FROM daily_delays_destinations
  WHERE added_in = (SELECT micro_batches FROM daily_delays_progress)
  GROUP BY flight_date, origin
) AS fresh ON fresh.flight_date = arrived.flight_date AND fresh.origin = arrived.origin
ON CONFLICT (flight_date, origin) DO UPDATE SET
  flights = daily_delays.flights + excluded.flights,
  total_delay = daily_delays.total_delay + excluded.total_delay,
  avg_delay = CAST(daily_delays.total_delay + excluded.total_delay AS DOUBLE PRECISION)
    / CAST(daily_delays.flights + excluded.flights AS DOUBLE PRECISION),
  delayed = daily_delays.delayed + excluded.delayed,
  max_delay = GREATEST(daily_delays.max_delay, excluded.max_delay),
  total_distance = daily_delays.total_distance + excluded.total_distance,
  first_departure = LEAST(daily_delays.first_departure, excluded.first_departure),
  last_departure = GREATEST(daily_delays.last_departure, excluded.last_departure),
  destinations = daily_delays.destinations + excluded.destinations;
