-- The departures of each day and airport, from all events up to the cut.
SELECT
  flight_date,
  origin,
  flights,
  total_delay,
  CAST(total_delay AS DOUBLE PRECISION) / CAST(flights AS DOUBLE PRECISION) AS avg_delay,
  delayed,
  max_delay,
  total_distance,
  first_departure,
  last_departure,
  destinations
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
    MAX(date) AS last_departure,
    COUNT(DISTINCT destination) AS destinations
  FROM events
  GROUP BY CAST(date AS DATE), origin
) AS days
