-- FAULTY, to be caught: makes only the rows of a micro-batch's newest day anew, so that late flights of earlier days are in the routes and nowhere else.
-- Version 2: keeps totals by route, and makes the rows of a micro-batch's days and airports anew from them. That gives the busiest destination, which
-- version 1 cannot tell; all else must stay as it was.

-- 1. Fold the micro-batch, aggregated, into the routes that it touches.
INSERT INTO daily_delays_routes (
  flight_date, origin, destination, flights, total_delay, delayed, max_delay, total_distance, first_departure, last_departure
)
SELECT
  CAST(date AS DATE),
  origin,
  destination,
  COUNT(*),
  CAST(SUM(delay) AS BIGINT),
  COUNT(CASE WHEN delay > 15 THEN 1 END),
  MAX(delay),
  CAST(SUM(distance) AS BIGINT),
  MIN(date),
  MAX(date)
FROM batch_events
GROUP BY CAST(date AS DATE), origin, destination
ON CONFLICT (flight_date, origin, destination) DO UPDATE SET
  flights = daily_delays_routes.flights + excluded.flights,
  total_delay = daily_delays_routes.total_delay + excluded.total_delay,
  delayed = daily_delays_routes.delayed + excluded.delayed,
  max_delay = GREATEST(daily_delays_routes.max_delay, excluded.max_delay),
  total_distance = daily_delays_routes.total_distance + excluded.total_distance,
  first_departure = LEAST(daily_delays_routes.first_departure, excluded.first_departure),
  last_departure = GREATEST(daily_delays_routes.last_departure, excluded.last_departure);

-- 2. Make the rows of the touched days and airports anew.
INSERT INTO daily_delays (
  flight_date, origin, flights, total_delay, avg_delay, delayed, max_delay, total_distance, first_departure, last_departure, destinations, busiest_destination
)
SELECT
  flight_date,
  origin,
  CAST(SUM(flights) AS BIGINT),
  CAST(SUM(total_delay) AS BIGINT),
  CAST(SUM(total_delay) AS DOUBLE PRECISION) / CAST(SUM(flights) AS DOUBLE PRECISION),
  CAST(SUM(delayed) AS BIGINT),
  MAX(max_delay),
  CAST(SUM(total_distance) AS BIGINT),
  MIN(first_departure),
  MAX(last_departure),
  COUNT(*),
  MIN(CASE WHEN busiest = 1 THEN destination END)
FROM (
  SELECT r.*, ROW_NUMBER() OVER (PARTITION BY r.flight_date, r.origin ORDER BY r.flights DESC, r.destination) AS busiest
  FROM daily_delays_routes AS r
  JOIN (
    SELECT DISTINCT CAST(date AS DATE) AS flight_date, origin FROM batch_events
    WHERE CAST(date AS DATE) = (SELECT MAX(CAST(date AS DATE)) FROM batch_events)
  ) AS touched ON touched.flight_date = r.flight_date AND touched.origin = r.origin
) AS routes
GROUP BY flight_date, origin
ON CONFLICT (flight_date, origin) DO UPDATE SET
  flights = excluded.flights,
  total_delay = excluded.total_delay,
  avg_delay = excluded.avg_delay,
  delayed = excluded.delayed,
  max_delay = excluded.max_delay,
  total_distance = excluded.total_distance,
  first_departure = excluded.first_departure,
  last_departure = excluded.last_departure,
  destinations = excluded.destinations,
  busiest_destination = excluded.busiest_destination;
